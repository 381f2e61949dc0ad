// The colour tokens keep their contrast in both themes.
import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'

test('every pair of tokens in use is readable in light and dark', () => {
  const out = execFileSync(process.execPath, ['build/check-contrast.mjs'], { encoding: 'utf8' })
  expect(out).toMatch(/ 0 too low/)
})
