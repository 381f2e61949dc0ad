// When a subject is worth saying again: where it differs from the one before, "Re:" and its like aside.

/** What mail programs put in front, in the languages in which they do. */
const PREFIX = /^\s*(?:re|aw|antw|sv|vs|odp|ynt|ri|fwd?|wg|tr|rv|enc|رد|إعادة توجيه)\s*(?:\[\d{1,3}\])?\s*[:：]/i

export function bare(subject: string): string {
  let rest = subject
  while (PREFIX.test(rest)) rest = rest.replace(PREFIX, '')
  return rest.replace(/\s+/g, ' ').trim().toLocaleLowerCase('en')
}
