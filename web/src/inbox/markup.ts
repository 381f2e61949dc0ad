// Typed marks, where a channel carries dressed text: **bold**, _italic_, `code` and [text](address). A mark counts at the
// border of a word and within a line alone, so that 5*3*2, snake_case and addresses stay as typed; so does what is not
// closed. Pure: gives the clean text with its spans, and puts marks round a selection.
import type { Span } from '../api/types'
import { safe } from './dress'
import { linkify } from './linkify'

export type Mark = 'bold' | 'italic' | 'code'
export const MARKS: Record<Mark, string> = { bold: '**', italic: '_', code: '`' }

/** A stretch that is taken as a whole: nothing in it opens or closes a mark that stands outside. */
type Token =
  | { kind: 'code'; end: number }
  | { kind: 'link'; end: number; label: number; url: string }
  | { kind: 'address'; end: number }

/** Bounded, so that no text makes it look far for the end of an address again and again. */
const UNBROKEN = /\S{1,2000}/y
const LABEL = /\[([^[\]\n]+)\]\(/y
// Who writes without blanks between words has no borders to write a mark at.
const UNSPACED =
  /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Hangul}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}\p{sc=Myanmar}]/u

const isWord = (sign: string): boolean => /[\p{L}\p{N}\p{M}]/u.test(sign) && !UNSPACED.test(sign)
const isBlank = (sign: string): boolean => sign === '' || /\s/u.test(sign)
const after = (text: string, at: number): string => {
  const code = text.codePointAt(at)
  return code === undefined ? '' : String.fromCodePoint(code)
}
const before = (text: string, at: number): string =>
  /[\udc00-\udfff]/.test(text[at - 1] ?? '') ? text.slice(Math.max(0, at - 2), at) : (text[at - 1] ?? '')

const opens = (text: string, at: number, mark: string): boolean => {
  if (!text.startsWith(mark, at)) return false
  const [left, right] = [before(text, at), after(text, at + mark.length)]
  return !isWord(left) && left !== mark[0] && left !== '\\' && !isBlank(right) && right !== mark[0]
}
const closes = (text: string, at: number, mark: string): boolean => {
  if (!text.startsWith(mark, at)) return false
  const [left, right] = [before(text, at), after(text, at + mark.length)]
  return !isBlank(left) && left !== mark[0] && !isWord(right) && right !== mark[0]
}

function link(text: string, at: number): (Token & { kind: 'link' }) | null {
  LABEL.lastIndex = at
  const found = LABEL.exec(text)
  if (!found?.[1]?.trim()) return null
  const from = LABEL.lastIndex
  UNBROKEN.lastIndex = from
  const run = UNBROKEN.exec(text)?.[0] ?? ''
  let depth = 0
  for (let i = 0; i < run.length; i++) {
    const sign = run[i]
    if (sign === '(') depth++
    if (sign !== ')') continue
    if (depth-- > 0) continue
    const url = run.slice(0, i)
    return safe(url) ? { kind: 'link', end: from + i + 1, label: at + 1 + found[1].length, url } : null
  }
  return null
}

function code(text: string, at: number): Token | null {
  if (!opens(text, at, '`')) return null
  for (let i = at + 2; i < text.length && text[i] !== '\n'; i++)
    if (text[i] === '`') return closes(text, i, '`') ? { kind: 'code', end: i + 1 } : null
  return null
}

function tokensOf(text: string): Map<number, Token> {
  const addresses = new Map<number, number>()
  let at = 0
  for (const part of linkify(text)) {
    if (part.href !== undefined) addresses.set(at, at + part.text.length)
    at += part.text.length
  }
  const tokens = new Map<number, Token>()
  let until = 0
  for (let i = 0; i < text.length; i++) {
    // A link's own words may hold code and more; its address holds nothing.
    if (i < until) continue
    const address = addresses.get(i)
    const token =
      text[i] === '`'
        ? code(text, i)
        : text[i] === '['
          ? link(text, i)
          : address !== undefined
            ? ({ kind: 'address', end: address } as const)
            : null
    if (!token) continue
    tokens.set(i, token)
    until = token.end
  }
  return tokens
}

export interface Clean {
  text: string
  spans: Span[]
}

/** The text without its marks, and what they dress. */
export function clean(typed: string): Clean {
  const tokens = tokensOf(typed)
  const spans: Span[] = []
  let text = ''

  /** Where a mark that opened before `from` closes. */
  function closing(mark: string, from: number, to: number): number | null {
    for (let i = from; i < to && typed[i] !== '\n'; i++) {
      const token = tokens.get(i)
      if (token && token.end <= to) i = token.end - 1
      else if (i > from && closes(typed, i, mark) && i + mark.length <= to) return i
    }
    return null
  }

  function walk(from: number, to: number): void {
    /** A mark that found no end before here finds none. */
    const hopeless = { '**': from, _: from }
    let i = from
    while (i < to) {
      const start = text.length
      const token = tokens.get(i)
      if (token && token.end <= to) {
        if (token.kind === 'code') {
          text += typed.slice(i + 1, token.end - 1)
          spans.push({ from: start, to: text.length, style: 'code' })
        } else if (token.kind === 'link') {
          within({ from: start, to: start, style: 'link', url: token.url }, i + 1, token.label)
        } else text += typed.slice(i, token.end)
        i = token.end
        continue
      }
      const mark = (['**', '_'] as const).find((one) => i >= hopeless[one] && opens(typed, i, one))
      const end = mark && closing(mark, i + mark.length, to)
      if (mark && typeof end === 'number') {
        within({ from: start, to: start, style: mark === '_' ? 'italic' : 'bold' }, i + mark.length, end)
        i = end + mark.length
        continue
      }
      if (mark) {
        const line = typed.indexOf('\n', i)
        hopeless[mark] = line === -1 ? to : line
      }
      text += typed[i]
      i++
    }
  }
  /** What a mark encloses, after the span of the mark itself. */
  function within(span: Span, from: number, to: number): void {
    spans.push(span)
    walk(from, to)
    span.to = text.length
  }
  walk(0, typed.length)
  return { text, spans }
}

/** What replaces a stretch of the text, and what is chosen in it afterwards, counted from its beginning. */
export interface Change {
  from: number
  to: number
  put: string
  chosen: [number, number]
}

/** The selection without blanks at its ends, widened to whole words: elsewhere a mark would not count. */
function widened(text: string, from: number, to: number): [number, number] {
  while (from < to && isBlank(after(text, from))) from++
  while (to > from && isBlank(before(text, to))) to--
  if (from < to || (isWord(before(text, from)) && isWord(after(text, from)))) {
    while (isWord(before(text, from)) && isWord(after(text, from))) from -= before(text, from).length
    while (isWord(before(text, to)) && isWord(after(text, to))) to += after(text, to).length
  }
  return [from, to]
}

/** Puts marks round a selection, line by line; takes them off where they stand already. */
export function marked(text: string, start: number, end: number, kind: Mark): Change {
  const mark = MARKS[kind]
  const m = mark.length
  const [from, to] = widened(text, start, end)
  const piece = text.slice(from, to)
  if (piece !== '' && text.slice(from - m, from) === mark && text.startsWith(mark, to))
    return { from: from - m, to: to + m, put: piece, chosen: [0, piece.length] }
  if (piece.length > 2 * m && piece.startsWith(mark) && piece.endsWith(mark)) {
    const inner = piece.slice(m, -m)
    return { from, to, put: inner, chosen: [0, inner.length] }
  }
  const put = piece
    .split('\n')
    .map((line) =>
      line.trim() === '' && piece !== '' ? line : line.replace(/^(\s*)(.*?)(\s*)$/, `$1${mark}$2${mark}$3`),
    )
    .join('\n')
  return { from, to, put, chosen: [m, put.length - m] }
}

/** Makes a link of a selection, and chooses what is still to be written: its address, or its words. */
export function linked(text: string, start: number, end: number): Change {
  const [from, to] = widened(text, start, end)
  const piece = text.slice(from, to).replace(/\s+/g, ' ')
  if (safe(piece) && !piece.includes(' ')) return { from, to, put: `[](${piece})`, chosen: [1, 1] }
  const put = `[${piece}](https://)`
  return { from, to, put, chosen: piece === '' ? [1, 1] : [piece.length + 3, put.length - 1] }
}
