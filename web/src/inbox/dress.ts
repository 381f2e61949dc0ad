// Turns a text and the stretches of it that are dressed into a tree that can be drawn: whatever overlaps is parted, so
// that each piece lies wholly within another or beside it. Pure: no words, no DOM, no markup. Dressed.svelte draws it.
import type { Span, Style } from '../api/types'
import { linkify } from './linkify'

export type Piece = { text: string } | { style: Style; url?: string; language?: string; pieces: Piece[] }

/** What stands outside of what: blocks first, then what is one thing to press, then what only looks different. */
const NESTING: readonly Style[] = [
  'quote',
  'pre',
  'spoiler',
  'link',
  'mention',
  'code',
  'bold',
  'italic',
  'underline',
  'strike',
]
const BLOCKS: readonly Style[] = ['quote', 'pre']
/** Within these an address is a part of the thing, and no link of its own. */
const OPAQUE: readonly Style[] = ['pre', 'code', 'link']

/** Where a link may lead: what can't run anything, as the bridge has it. */
export function safe(url: string | undefined): string | undefined {
  try {
    const { protocol, href } = new URL(url ?? '')
    return ['https:', 'http:', 'mailto:', 'tel:'].includes(protocol) ? href : undefined
  } catch {
    return undefined
  }
}

/** The web addresses of a text as links, but for those that touch what is a link or code already. */
function addresses(text: string, spans: Span[]): Span[] {
  const found: Span[] = []
  const taken = spans.filter((span) => OPAQUE.includes(span.style))
  let at = 0
  for (const part of linkify(text)) {
    const [from, to] = [at, at + part.text.length]
    at = to
    if (part.href !== undefined && !taken.some((span) => span.from < to && span.to > from))
      found.push({ from, to, style: 'link', url: part.href })
  }
  return found
}

function nest(text: string, spans: Span[], from: number, to: number, level: number): Piece[] {
  const style = NESTING[level]
  if (from >= to) return []
  if (style === undefined || spans.length === 0) return [{ text: text.slice(from, to) }]
  const here = spans.filter((span) => span.from < to && span.to > from)
  const pieces: Piece[] = []
  let at = from
  for (const span of here) {
    if (span.style !== style || span.to <= at) continue
    const begin = Math.max(at, span.from)
    const end = Math.min(to, span.to)
    pieces.push(...nest(text, here, at, begin, level + 1))
    const inner = nest(text, here, begin, end, level + 1)
    pieces.push({
      style,
      ...(span.url === undefined ? {} : { url: span.url }),
      ...(span.language ? { language: span.language } : {}),
      pieces: inner,
    })
    at = end
  }
  pieces.push(...nest(text, here, at, to, level + 1))
  return pieces
}

/** After a block the line ends anyway: its own break would leave an empty line. */
function withoutBreaks(pieces: Piece[]): Piece[] {
  const kept: Piece[] = []
  let after = false
  for (const piece of pieces) {
    const isText = 'text' in piece
    const text = isText && after && piece.text.startsWith('\n') ? piece.text.slice(1) : isText ? piece.text : ''
    if (!isText) kept.push(piece)
    else if (text !== '') kept.push({ text })
    after = !isText && BLOCKS.includes(piece.style)
  }
  return kept
}

/** What lies outside of the text, or is of a kind that this page does not know, is left off: the words stay. */
export function dress(text: string, spans: Span[]): Piece[] {
  const fitting = spans.filter(
    ({ from, to, style, url }) =>
      from >= 0 && from < to && to <= text.length && NESTING.includes(style) && (style !== 'link' || safe(url)),
  )
  const all = [...fitting, ...addresses(text, fitting)].sort((a, b) => a.from - b.from || b.to - a.to)
  return withoutBreaks(nest(text, all, 0, text.length, 0))
}
