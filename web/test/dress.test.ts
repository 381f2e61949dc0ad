// Dressed text: what overlaps is parted, what does not fit is left off, and nothing can become more than text.
import { render, screen } from '@testing-library/svelte'
import userEvent from '@testing-library/user-event'
import { expect, test } from 'vitest'
import type { Span, Style } from '../src/api/types'
import { dress } from '../src/inbox/dress'
import Said from '../src/inbox/Said.svelte'

const span = (from: number, to: number, style: Style, url?: string): Span => ({
  from,
  to,
  style,
  ...(url ? { url } : {}),
})
function html(text: string, spans: Span[] = []): string {
  const { container, unmount } = render(Said, { text, spans })
  const said = container.querySelector('.said')
  const shown = (said?.innerHTML ?? '').replace(/<!--.*?-->/g, '')
  unmount()
  return shown
}

test('plain text stands as it is', () => {
  expect(html('A <b>lamp</b>,\n  and two')).toBe('A &lt;b&gt;lamp&lt;/b&gt;,\n  and two')
  expect(dress('', [])).toEqual([])
})

test('each style has its element', () => {
  const styles: [Style, string][] = [
    ['bold', 'b'],
    ['italic', 'i'],
    ['underline', 'u'],
    ['strike', 's'],
    ['code', 'code'],
    ['pre', 'pre'],
    ['quote', 'blockquote'],
    ['mention', 'span'],
  ]
  for (const [style, tag] of styles)
    expect(html('a red lamp', [span(2, 5, style)])).toMatch(new RegExp(`^a <${tag}[^>]*>red</${tag}> lamp$`))
})

test('what overlaps is parted, and what lies within stays within', () => {
  expect(html('abcdef', [span(0, 4, 'bold'), span(2, 6, 'italic')])).toBe('<b>ab<i>cd</i></b><i>ef</i>')
  expect(html('abcdef', [span(2, 4, 'bold'), span(0, 6, 'italic')])).toBe('<i>ab</i><b><i>cd</i></b><i>ef</i>')
  expect(html('abcd', [span(0, 4, 'bold'), span(0, 4, 'underline')])).toBe('<b><u>abcd</u></b>')
  expect(html('abcd', [span(0, 3, 'bold'), span(1, 4, 'bold')])).toBe('<b>abc</b><b>d</b>')
})

test('places are counted in UTF-16 units, as the bridge counts', () => {
  expect(html('🙂🙂 red', [span(5, 8, 'bold')])).toBe('🙂🙂 <b>red</b>')
})

test('what lies outside of the text, is empty or unknown is left off', () => {
  const odd = { from: 0, to: 1, style: 'blink' } as unknown as Span
  expect(html('abc', [span(2, 9, 'bold'), span(1, 1, 'bold'), span(-1, 2, 'bold'), odd])).toBe('abc')
})

test('a link leads where it can run nothing, in a tab that knows nothing of us; else it is text', () => {
  for (const url of ['https://shop.example/a', 'http://shop.example/', 'mailto:a@shop.example', 'tel:+4470']) {
    const { unmount } = render(Said, { text: 'the shop', spans: [span(4, 8, 'link', url)] })
    const link = screen.getByRole('link', { name: 'shop' })
    expect(link).toHaveAttribute('href', url)
    expect(link).toHaveAttribute('title', url)
    expect(link).toHaveAttribute('rel', 'noopener noreferrer')
    unmount()
  }
  for (const url of ['javascript:alert(1)', 'data:text/html,x', 'vbscript:x', 'shop.example', '//x.example'])
    expect(html('the shop', [span(4, 8, 'link', url)])).toBe('the shop')
})

test('an address in the text is a link, whole also where a part of it is bold, and none within code or another link', () => {
  const text = 'see https://a.example/b now'
  expect(html(text, [span(4, 13, 'bold')])).toMatch(
    /^see <a [^>]*href="https:\/\/a\.example\/b"[^>]*><b>https:\/\/a<\/b>\.example\/b<\/a> now$/,
  )
  expect(html(text, [span(0, 27, 'code')])).toBe(`<code dir="ltr">${text}</code>`)
  expect(html(text, [span(4, 23, 'link', 'https://b.example/')]).match(/<a /g)).toHaveLength(1)
})

test('the line break after a block leaves no empty line', () => {
  expect(html('a\nb\nc', [span(2, 3, 'quote')])).toBe('a\n<blockquote dir="auto">b</blockquote>c')
})

test('a spoiler shows its words when it is touched, or with Enter, and not before', async () => {
  const text = 'It is https://a.example/secret, they say'
  render(Said, { text, spans: [span(6, 30, 'spoiler')] })
  const veil = screen.getByRole('button', { name: 'Hidden text. Show it' })
  expect(screen.queryByRole('link')).toBeNull()
  veil.focus()
  await userEvent.keyboard('{Enter}')
  expect(screen.queryByRole('button')).toBeNull()
  expect(screen.getByRole('link', { name: 'https://a.example/secret' })).toBeInTheDocument()
  expect(document.activeElement).toHaveTextContent('https://a.example/secret')
})

test('very much dress takes no time worth telling', () => {
  const text = 'ab '.repeat(2_000)
  const spans = Array.from({ length: 1_000 }, (_, i) => span(i * 3, i * 3 + 2, i % 2 ? 'bold' : 'italic'))
  const begun = performance.now()
  expect(dress(text, spans).length).toBeGreaterThan(1_000)
  expect(performance.now() - begun).toBeLessThan(1_000)
})
