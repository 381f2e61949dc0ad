// Catalogues and formats: nothing missing, nothing left in English, plural forms and addresses as people read them.
import { afterAll, expect, test } from 'vitest'
import { href, inboxAt, parse } from '../src/router.svelte'
import ar from '../src/text/ar'
import en from '../src/text/en'
import { address, called, wait } from '../src/text/format'
import { words } from '../src/text/index.svelte'

afterAll(() => words.use('en'))

function flat(value: unknown, path = ''): [string, unknown][] {
  if (typeof value !== 'object' || value === null) return [[path, value]]
  return Object.entries(value).flatMap(([key, v]) => flat(v, `${path}.${key}`))
}

test('Arabic has every word that English has', () => {
  expect(flat(ar).map(([path]) => path)).toEqual(flat(en).map(([path]) => path))
})

test('no Arabic text is left in English', () => {
  const same = new Set(['.product', '.channels.sms'])
  const english = new Map(flat(en))
  const left = flat(ar).filter(
    ([path, text]) => typeof text === 'string' && text === english.get(path) && !same.has(path),
  )
  expect(left).toEqual([])
})

test('Arabic counts in its own six forms', () => {
  expect([1, 2, 3, 11, 100].map(ar.parts)).toEqual(['جزء واحد', 'جزآن', '3 أجزاء', '11 جزءًا', '100 جزء'])
})

test('changing the language changes direction and words', async () => {
  await words.use('ar')
  expect(document.documentElement).toHaveAttribute('dir', 'rtl')
  expect(wait(64 * 60_000)).toBe('1:04\u00a0س')
  await words.use('en')
  expect(document.documentElement).toHaveAttribute('dir', 'ltr')
  expect(wait(64 * 60_000)).toBe('1\u00a0h\u00a004')
})

test('numbers are grouped and names are shortened', () => {
  expect(address('+351900000142')).toBe('+351 900 000 142')
  expect(address('ines@posta.example')).toBe('ines@posta.example')
  expect(called('Ines Carvalho')).toBe('Ines')
  expect(called('+351900000142')).toBe('+351 900 000 142')
})

test('every address leads to its route and back', () => {
  for (const path of [
    '/inbox/mine',
    '/inbox/closed/cv_1',
    '/inbox/suspected',
    '/inbox/automatic/cv_1',
    '/inbox/all/cv_1/card',
    '/associates',
    '/inboxes',
    '/account',
    '/invitation/x',
  ])
    expect(href(parse(path))).toBe(path)
  expect(parse('/')).toEqual(inboxAt('mine'))
  expect(parse('/inbox/other')).toEqual({ name: 'unknown' })
})

test('a number and its unit are never parted', () => {
  for (const words of [en, ar])
    for (const text of [words.minutes(7), words.hours(1, '04'), words.days(3), words.sendingIn('', 7).trim()])
      expect(text.split('7').at(-1)).not.toContain(' ')
})
