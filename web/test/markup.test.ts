// Typed marks become dress at word borders alone; everything else stays exactly as it was typed.
import { describe, expect, test } from 'vitest'
import { clean, linked, marked, type Change } from '../src/inbox/markup'

/** The clean text with its dress shown as <style>…</style>. */
function shown(typed: string): string {
  const { text, spans } = clean(typed)
  const signs = [...text.split(''), '']
  return signs
    .map((sign, i) => {
      const ends = spans.filter((s) => s.to === i).reverse()
      const begins = spans.filter((s) => s.from === i)
      return (
        ends.map((s) => `</${s.style}>`).join('') +
        begins.map((s) => `<${s.style}${s.url ? ` ${s.url}` : ''}>`).join('') +
        sign
      )
    })
    .join('')
}

test.each([
  ['**bold**', '<bold>bold</bold>'],
  ['a _red_ lamp', 'a <italic>red</italic> lamp'],
  ['run `rm -r *_*` now', 'run <code>rm -r *_*</code> now'],
  ['see [the shop](https://shop.example/a)', 'see <link https://shop.example/a>the shop</link>'],
  ['**two words**, and _more_.', '<bold>two words</bold>, and <italic>more</italic>.'],
  ['(**a**) "_b_"', '(<bold>a</bold>) "<italic>b</italic>"'],
  ['**a _b_ c**', '<bold>a <italic>b</italic> c</bold>'],
  ['_**a**_', '<italic><bold>a</bold></italic>'],
  ['[**a** lamp](mailto:a@b.example)', '<link mailto:a@b.example><bold>a</bold> lamp</link>'],
  ['**see [a](https://x.example)**', '<bold>see <link https://x.example>a</link></bold>'],
  ['[a](https://x.example/b_(c))', '<link https://x.example/b_(c)>a</link>'],
  ['**🙂**', '<bold>🙂</bold>'],
  ['🙂**a**🙂', '🙂<bold>a</bold>🙂'],
  ['これは**重要**です', 'これは<bold>重要</bold>です'],
  ['**مهم** جدًا', '<bold>مهم</bold> جدًا'],
  ['**a**\n**b**', '<bold>a</bold>\n<bold>b</bold>'],
  ['**a** and **b**', '<bold>a</bold> and <bold>b</bold>'],
  ['_a_b_', '<italic>a_b</italic>'],
  ['**https://x.example/a**', '<bold>https://x.example/a</bold>'],
])('%s', (typed, dressed) => {
  expect(shown(typed)).toBe(dressed)
})

describe('stays as typed', () => {
  test.each([
    '',
    'plain',
    '5*3*2',
    '2 ** 3 ** 4',
    '2**3**4',
    'snake_case_name',
    '__init__',
    'a_b and c_d',
    '_ a _',
    '** a **',
    '****',
    '__',
    '``',
    '` a `',
    'a`b`c',
    '**open',
    'close**',
    '_open\nclose_',
    '**a\nb**',
    '```\ncode\n```',
    'https://x.example/_a_/**b**/`c`',
    'https://x.example/?q=_a_',
    '[a](javascript:alert(1))',
    '[a](x.example)',
    '[a](https://x.example',
    '[](https://x.example)',
    '[ ](https://x.example)',
    '[a] (https://x.example)',
    '[a](https://x.example b)',
    '5 * 3, 4 * 2',
    '¯\\_(ツ)_/¯',
    '***a***',
  ])('%s', (typed) => {
    expect(clean(typed)).toEqual({ text: typed, spans: [] })
  })
})

test('a mark that is opened outside of code or an address does not close within it', () => {
  expect(shown('**a `b** c`')).toBe('**a <code>b** c</code>')
  expect(shown('_see https://x.example/a_ b')).toBe('<italic>see https://x.example/a</italic> b')
})

test('spans are counted in UTF-16 units of the clean text', () => {
  expect(clean('🙂 **a** _b_').spans).toEqual([
    { from: 3, to: 4, style: 'bold' },
    { from: 5, to: 6, style: 'italic' },
  ])
})

test('many marks that lead nowhere take no time worth telling', () => {
  const begun = performance.now()
  for (const bad of ['**a '.repeat(5_000), '_a '.repeat(5_000), '[a]('.repeat(5_000), '`a '.repeat(5_000)])
    expect(clean(bad).text).toHaveLength(bad.length)
  expect(performance.now() - begun).toBeLessThan(4_000)
})

const applied = (text: string, change: Change): string => {
  const [a, b] = change.chosen
  const put = `${change.put.slice(0, a)}<${change.put.slice(a, b)}>${change.put.slice(b)}`
  return text.slice(0, change.from) + put + text.slice(change.to)
}

test.each([
  ['a red lamp', 2, 5, 'a **<red>** lamp'],
  ['a red lamp', 1, 6, 'a **<red>** lamp'],
  ['a red lamp', 3, 4, 'a **<red>** lamp'],
  ['a red lamp', 3, 3, 'a **<red>** lamp'],
  ['a  lamp', 2, 2, 'a **<>** lamp'],
  ['', 0, 0, '**<>**'],
  ['a **red** lamp', 4, 7, 'a <red> lamp'],
  ['a **red** lamp', 2, 9, 'a <red> lamp'],
  ['one\n\ntwo', 0, 8, '**<one**\n\n**two>**'],
])('the button marks %s', (text, from, to, result) => {
  expect(applied(text, marked(text, from, to, 'bold'))).toBe(result)
})

test('what the button marked counts', () => {
  for (const text of ['believable', 'one two', 'これは重要です']) {
    const { put } = marked(text, 2, 5, 'italic')
    expect(clean(put).spans).toHaveLength(1)
  }
})

test('the button makes a link, and chooses what is still to be written', () => {
  expect(applied('the shop', linked('the shop', 4, 8))).toBe('the [shop](<https://>)')
  expect(applied('', linked('', 0, 0))).toBe('[<>](https://)')
  expect(applied('https://x.example', linked('https://x.example', 0, 17))).toBe('[<>](https://x.example)')
})
