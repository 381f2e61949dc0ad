// Hours as a person writes them, in lines and with commas, and as the bridge takes them.
import type { Hours } from '../api/types'

export const WEEK = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const

export const ownZone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone

export const zones = (): string[] => Intl.supportedValuesOf('timeZone')

/** "09:00-12:00, 13:00-17:00" with any blanks and dashes, as a list. */
const intervals = (text: string): string[] =>
  text
    .split(/[,;]/)
    .map((part) => part.replace(/\s/g, '').replace(/[–—]/g, '-'))
    .filter((part) => part !== '')

export function hoursOf(zone: string, week: Record<string, string>, days: string): Hours {
  const weekly: Record<string, string[]> = {}
  for (const day of WEEK) {
    const open = intervals(week[day] ?? '')
    if (open.length > 0) weekly[day] = open
  }
  const differing: Record<string, string[]> = {}
  for (const line of days.split('\n')) {
    const [day, ...rest] = line.trim().split(/\s+/)
    if (day) differing[day] = intervals(rest.join(''))
  }
  return { zone: zone.trim(), weekly, days: differing }
}

export function rowsOf(hours: Hours | null): { week: Record<string, string>; days: string } {
  const week: Record<string, string> = {}
  for (const day of WEEK) week[day] = (hours?.weekly[day] ?? []).join(', ')
  const days = Object.entries(hours?.days ?? {}).map(([day, open]) => `${day} ${open.join(', ')}`.trim())
  return { week, days: days.join('\n') }
}
