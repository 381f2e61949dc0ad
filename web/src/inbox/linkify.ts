// Finds the web addresses in a text. Gives parts, never markup: whoever shows them writes each as text, so that
// nothing in it can become more than a link. Work grows with the length alone.

export interface Part {
  text: string
  /** Where it leads, for a web address. */
  href?: string
}

// Bounded everywhere, so that no text makes it try again and again.
const ADDRESS = /(?:https?:\/\/|www\.)[^\s<>"\p{Cc}\u200b-\u200f\u202a-\u202e\u2066-\u2069]{1,2000}/giu
const AFTER = /[.,:;!?'*_~\]}»”’)]$/

/** Without the sign that ends the sentence, or a bracket that was opened before. */
function trimmed(address: string): string {
  let end = address
  while (AFTER.test(end)) {
    if (end.endsWith(')') && end.split('(').length >= end.split(')').length) break
    end = end.slice(0, -1)
  }
  return end
}

function hrefOf(address: string): string | undefined {
  try {
    const url = new URL(/^www\./i.test(address) ? `https://${address}` : address)
    // Whoever hides a name in front of the host means no good.
    const plain = url.username === '' && url.password === '' && url.hostname.includes('.')
    return plain && (url.protocol === 'https:' || url.protocol === 'http:') ? url.href : undefined
  } catch {
    return undefined
  }
}

export function linkify(text: string): Part[] {
  const parts: Part[] = []
  let from = 0
  for (const found of text.matchAll(ADDRESS)) {
    const before = text[found.index - 1]
    if (before !== undefined && /[\p{L}\p{N}@/]/u.test(before)) continue
    const address = trimmed(found[0])
    const href = hrefOf(address)
    if (href === undefined) continue
    if (found.index > from) parts.push({ text: text.slice(from, found.index) })
    parts.push({ text: address, href })
    from = found.index + address.length
  }
  if (from < text.length) parts.push({ text: text.slice(from) })
  return parts
}
