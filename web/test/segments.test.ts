// The segment counter: what the author sees before sending.
import { describe, expect, test } from 'vitest'
import { plainer, segments } from '../src/sms/segments'

describe('segments', () => {
  test('an empty text is no part', () => expect(segments('').parts).toBe(0))
  test('160 plain characters fit in one part, 161 need two', () => {
    expect(segments('a'.repeat(160))).toMatchObject({ encoding: 'gsm7', parts: 1, left: 0 })
    expect(segments('a'.repeat(161))).toMatchObject({ parts: 2, left: 153 * 2 - 161 })
  })
  test('an extended sign counts twice and is never cut in two', () => {
    expect(segments('€'.repeat(80))).toMatchObject({ encoding: 'gsm7', parts: 1, left: 0 })
    expect(segments('€'.repeat(81)).parts).toBe(2)
    expect(segments('a'.repeat(152) + '€'.repeat(10))).toMatchObject({ parts: 2 })
  })
  test('one emoji makes it UCS-2 and is named as the cause', () => {
    const counted = segments('See you at noon 🙂')
    expect(counted).toMatchObject({ encoding: 'ucs2', parts: 1, because: ['🙂'] })
    expect(segments('a'.repeat(70) + '🙂').parts).toBe(2)
  })
  test('a surrogate pair is never cut in two', () => {
    expect(segments('a'.repeat(66) + '🙂' + 'a'.repeat(66)).parts).toBe(3)
  })
  test('curly quotes and dashes can be made plain', () => {
    expect(segments('It’s here – “now”…').encoding).toBe('ucs2')
    expect(segments(plainer('It’s here – “now”…')).encoding).toBe('gsm7')
  })
})
