// Dates, times, sizes and waits in the reader's language. All through Intl, all from epoch milliseconds.
import type { Summary } from '../api/types'
import { titleOf } from '../inbox/answering'
import { t, words } from './index.svelte'

const cache = new Map<string, Intl.DateTimeFormat>()
function format(options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = words.locale + JSON.stringify(options)
  let found = cache.get(key)
  if (!found) cache.set(key, (found = new Intl.DateTimeFormat(words.locale, options)))
  return found
}

export const time = (at: number): string => format({ hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }).format(at)
export const iso = (at: number): string => new Date(at).toISOString()
export const exact = (at: number): string => format({ dateStyle: 'full', timeStyle: 'medium' }).format(at)
export const dayAndTime = (at: number): string =>
  format({ day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }).format(at)

export const dayKey = (at: number): string => {
  const d = new Date(at)
  return `${d.getFullYear()}-${d.getMonth()}-${d.getDate()}`
}

/** "Today, Wednesday 25 November", with the year where it is another one. */
export function day(at: number, now: number): string {
  const sameYear = new Date(at).getFullYear() === new Date(now).getFullYear()
  const name = format({
    weekday: 'long',
    day: 'numeric',
    month: 'long',
    ...(sameYear ? {} : { year: 'numeric' as const }),
  }).format(at)
  if (dayKey(at) === dayKey(now)) return t.today(name)
  if (dayKey(at) === dayKey(now - 86_400_000)) return t.yesterday(name)
  return name
}

/** The time today, else the day. For the quiet rows of the list. */
export function short(at: number, now: number): string {
  if (dayKey(at) === dayKey(now)) return time(at)
  const sameYear = new Date(at).getFullYear() === new Date(now).getFullYear()
  return format({ day: 'numeric', month: 'short', ...(sameYear ? {} : { year: '2-digit' as const }) }).format(at)
}

/** A wait: "12 min", "1 h 04", "3 d". */
export function wait(ms: number): string {
  const minutes = Math.max(0, Math.floor(ms / 60_000))
  if (minutes < 60) return t.minutes(minutes)
  const hours = Math.floor(minutes / 60)
  if (hours < 48) return t.hours(hours, String(minutes % 60).padStart(2, '0'))
  return t.days(Math.floor(hours / 24))
}

const RELATIVE: [Intl.RelativeTimeFormatUnit, number][] = [
  ['year', 31_557_600_000],
  ['month', 2_629_800_000],
  ['week', 604_800_000],
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
]

/** A wait that is still to come, never shown as over: "5 min". */
export const until = (ms: number): string => wait(Math.max(60_000, Math.ceil(ms / 60_000) * 60_000))

/** "2 minutes ago", "in 3 days". */
export function relative(at: number, now: number): string {
  const formatter = new Intl.RelativeTimeFormat(words.locale, { numeric: 'auto' })
  const distance = at - now
  for (const [unit, ms] of RELATIVE)
    if (Math.abs(distance) >= ms) return formatter.format(Math.trunc(distance / ms), unit)
  return formatter.format(0, 'minute')
}

export function size(bytes: number | null): string {
  if (bytes === null) return ''
  const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte'] as const
  let n = bytes
  let i = 0
  // As limits are configured, in MiB: what is called 18 MB there is 18 MB here.
  while (n >= 1024 && i < units.length - 1) {
    n /= 1024
    i++
  }
  return new Intl.NumberFormat(words.locale, {
    style: 'unit',
    unit: units[i] ?? 'byte',
    // Short, one byte has no plural.
    unitDisplay: i === 0 ? 'long' : 'short',
    maximumFractionDigits: n < 10 && i > 0 ? 1 : 0,
  }).format(n)
}

export const number = (n: number): string => new Intl.NumberFormat(words.locale).format(n)

/** "a, b and c". */
export const list = (parts: string[]): string => new Intl.ListFormat(words.locale).format(parts)

const TWO_DIGIT_CODES = /^(2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58])/

/** Phone numbers in groups, as people read them. */
export function address(raw: string): string {
  if (!/^\+\d{7,15}$/.test(raw)) return raw
  const digits = raw.slice(1)
  const country = /^[17]/.test(digits) ? 1 : TWO_DIGIT_CODES.test(digits) ? 2 : 3
  const rest = digits.slice(country)
  const grouped = `+${digits.slice(0, country)} ${rest.replace(/(\d{3})(?=\d{3,})/g, '$1 ')}`
  // Within a sentence from right to left a number would turn round; isolated it reads as it is dialled.
  return words.dir === 'rtl' ? `\u2066${grouped}\u2069` : grouped
}

/** "October 2025". */
export const month = (at: number): string => format({ month: 'long', year: 'numeric' }).format(at)

/** How to name somebody in a sentence: the first name, or the whole where it is no name. */
export function called(name: string): string {
  if (/^[+\d@]/.test(name) || name.includes('@')) return address(name)
  return name.split(/\s+/)[0] ?? name
}

/** How a conversation is headed: what the group is called, or who the customer is. */
export const headed = (s: Summary): string => titleOf(s) ?? address(s.contact.name)

/** How to name whom a conversation is with in a sentence. */
export const calledIn = (s: Summary): string => titleOf(s) ?? called(s.contact.name)
