// How many SMS parts a text takes and which character is to blame: GSM 03.38 (with its extension table) or UCS-2.
// Pure. The bridge counts again when it plans the send; this is what the author sees before.

const BASIC = new Set(
  '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ ÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà',
)
const EXTENDED = new Set('\f^{}\\[~]|€')

export interface Segments {
  encoding: 'gsm7' | 'ucs2'
  parts: number
  /** Units left in the last part. */
  left: number
  /** The characters that force UCS-2, each once, in order. */
  because: string[]
}

export function segments(text: string): Segments {
  const because = [
    ...new Set(
      [...new Intl.Segmenter(undefined, { granularity: 'grapheme' }).segment(text)]
        .map((g) => g.segment)
        .filter((g) => [...g].some((c) => !BASIC.has(c) && !EXTENDED.has(c))),
    ),
  ]
  return because.length === 0 ? gsm7(text) : { ...ucs2(text), because }
}

function gsm7(text: string): Segments {
  const sizes = [...text].map((c) => (EXTENDED.has(c) ? 2 : 1))
  return { encoding: 'gsm7', because: [], ...pack(sizes, 160, 153) }
}

function ucs2(text: string): Omit<Segments, 'because'> {
  // A surrogate pair is never cut in two.
  return {
    encoding: 'ucs2',
    ...pack(
      [...text].map((c) => c.length),
      70,
      67,
    ),
  }
}

function pack(sizes: number[], single: number, each: number): { parts: number; left: number } {
  const total = sizes.reduce((sum, n) => sum + n, 0)
  if (total <= single) return { parts: total === 0 ? 0 : 1, left: single - total }
  let parts = 1
  let used = 0
  for (const size of sizes) {
    if (used + size > each) {
      parts++
      used = 0
    }
    used += size
  }
  return { parts, left: each - used }
}

/** The same text with look-alikes of the GSM alphabet where there are any: curly quotes, dashes, ellipsis. */
export function plainer(text: string): string {
  const plain: Record<string, string> = {
    '‘': "'",
    '’': "'",
    '‚': ',',
    '“': '"',
    '”': '"',
    '„': '"',
    '«': '"',
    '»': '"',
    '–': '-',
    '—': '-',
    '…': '...',
    '\u00a0': ' ',
    '\u202f': ' ',
    '•': '-',
    '`': "'",
    '´': "'",
  }
  return [...text].map((c) => plain[c] ?? c).join('')
}
