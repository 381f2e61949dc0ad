// Naming colleagues in a note: whom the text names, and what is being typed after an @. Pure.
import type { Named } from '../api/types'

/** Whom a text names: each `@Name` of one of these people, the longest name first. */
export function namedIn(text: string, people: readonly Named[]): string[] {
  const found: { id: string; at: number }[] = []
  let rest = text
  for (const person of [...people].sort((a, b) => b.name.length - a.name.length)) {
    const mark = `@${person.name}`
    let at = rest.indexOf(mark)
    let named = false
    while (at >= 0) {
      const next = rest[at + mark.length] ?? ''
      if (!/[\p{L}\p{N}_]/u.test(next)) {
        if (!named) found.push({ id: person.id, at })
        named = true
        // Taken out, so that "@Ann" is not found again in "@Ann Lee".
        rest = rest.slice(0, at) + ' '.repeat(mark.length) + rest.slice(at + mark.length)
      }
      at = rest.indexOf(mark, at + mark.length)
    }
  }
  return found.sort((a, b) => a.at - b.at).map(({ id }) => id)
}

/** What is typed of a name before the cursor, and where its @ stands; null where none is being typed. */
export function typedName(text: string, cursor: number): { from: number; said: string } | null {
  const match = /(?:^|[\s(])@([\p{L}\p{N}_.'-]*(?: [\p{L}\p{N}_.'-]*)?)$/u.exec(text.slice(0, cursor))
  const said = match?.[1]
  return said === undefined ? null : { from: cursor - said.length - 1, said }
}

/** Those whose name fits what was typed, a few. */
export function fitting<T extends Named>(said: string, people: readonly T[]): T[] {
  const fold = said.toLocaleLowerCase()
  return people
    .filter(({ name }) => {
      const folded = name.toLocaleLowerCase()
      return folded.startsWith(fold) || folded.split(/\s+/).some((part) => part.startsWith(fold))
    })
    .slice(0, 6)
}
