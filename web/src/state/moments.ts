// The moments until which a conversation is put off, as people say them: reckoned in the zone of whoever says it, on
// days whose length may differ.

/** The hour at which a day's work begins. */
const MORNING = 9

export interface Moment {
  id: 'hour' | 'hours' | 'tomorrow' | 'monday'
  at: number
}

/** So many days from now at nine, by the clock on the wall. */
function morning(now: number, days: number): number {
  const day = new Date(now)
  return new Date(day.getFullYear(), day.getMonth(), day.getDate() + days, MORNING).getTime()
}

/** What is offered now, the soonest first. */
export function moments(now: number): Moment[] {
  const toMonday = (8 - new Date(now).getDay()) % 7 || 7
  const list: Moment[] = [
    { id: 'hour', at: now + 3_600_000 },
    { id: 'hours', at: now + 3 * 3_600_000 },
    { id: 'tomorrow', at: morning(now, 1) },
    { id: 'monday', at: morning(now, toMonday) },
  ]
  // On a Sunday both are one.
  return list.filter((m, i) => i === 0 || list[i - 1]?.at !== m.at)
}

const YEAR = 366 * 24 * 3_600_000

/** What somebody chose in a field of day and time; null where it is no moment that can be meant. */
export function momentOf(field: string, now: number): number | null {
  const at = field === '' ? NaN : new Date(field).getTime()
  return at > now && at < now + YEAR ? at : null
}

/** As such a field wants it. */
export function fieldOf(at: number): string {
  const d = new Date(at)
  const two = (n: number) => String(n).padStart(2, '0')
  return `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())}T${two(d.getHours())}:${two(d.getMinutes())}`
}
