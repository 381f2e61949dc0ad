// Why nothing can be sent to somebody, as one of a few reasons that have words of their own in every language.
import type { Contact, Handle, ReplyRoute } from '../api/types'

export type Refusal = 'opted_out' | 'blocked' | 'one_way' | 'nobody' | 'new_owner' | 'too_late' | 'other'

export function handleOf(route: ReplyRoute | null, contact: Contact | null | undefined): Handle | undefined {
  return contact?.handles.find((h) => h.channel === route?.channel && h.address === route.to)
}

/** Null where an answer can be sent, or where that is not known yet. `late`: the time in which one is taken is over. */
export function refusalOf(
  route: ReplyRoute | null,
  contact: Contact | null | undefined,
  late: boolean,
): Refusal | null {
  if (!route) return null
  if (route.can_reply) return late ? 'too_late' : null
  if (route.to === null) return 'nobody'
  const handle = handleOf(route, contact)
  if (handle?.until) return 'new_owner'
  if (handle && !handle.can_reply) return 'one_way'
  if (handle?.blocked_at) return 'blocked'
  if (handle?.opted_out_at) return 'opted_out'
  return 'other'
}
