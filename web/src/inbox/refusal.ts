// Why nothing can be sent to somebody, as one of a few reasons that have words of their own in every language.
import type { Contact, Handle, ReplyRoute } from '../api/types'

export type Refusal = 'opted_out' | 'blocked' | 'one_way' | 'nobody' | 'new_owner' | 'other'

export function handleOf(route: ReplyRoute | null, contact: Contact | null | undefined): Handle | undefined {
  return contact?.handles.find((h) => h.channel === route?.channel && h.address === route.to)
}

/** Null where an answer can be sent, or where that is not known yet. */
export function refusalOf(route: ReplyRoute | null, contact: Contact | null | undefined): Refusal | null {
  if (!route || route.can_reply) return null
  if (route.to === null) return 'nobody'
  const handle = handleOf(route, contact)
  if (handle?.until) return 'new_owner'
  if (handle && !handle.can_reply) return 'one_way'
  if (handle?.blocked_at) return 'blocked'
  if (handle?.opted_out_at) return 'opted_out'
  return 'other'
}
