// What associates do with each other over conversations: put them off, wake them, hand them over with a note. Each can
// be taken back where it is said that it was done.
import { conversations as api } from '../api/calls'
import { Problem } from '../api/http'
import type { Message, NewTransfer, Summary, View } from '../api/types'
import { stream } from '../live/stream.svelte'
import { inboxAt, router } from '../router.svelte'
import { t } from '../text/index.svelte'
import { neighbour } from './acts'
import { conversations } from './conversations.svelte'
import { decide, offer } from './decisions'
import { queue } from './queue.svelte'
import { session } from './session.svelte'

/** Puts them off; `late` where whoever does it was told that a reply is due before that. */
export async function snooze(ids: string[], until: number, late: boolean, view: View): Promise<boolean> {
  const route = router.route
  const open = route.name === 'inbox' ? route.conversation : null
  const next = open && ids.includes(open) ? neighbour(view, open) : null
  const done = await decide('snooze', ids, { until, late })
  if (open && done.includes(open) && view !== 'snoozed' && view !== 'mentions') router.go(inboxAt(view, next))
  return done.length > 0
}

export async function wake(ids: string[]): Promise<void> {
  await decide('wake', ids)
}

/** Hands it over: done, somebody wrote meanwhile, or why not. */
export async function transfer(
  s: Summary,
  body: NewTransfer,
  key: string,
  view: View,
): Promise<'done' | { newest: number } | string> {
  const next = neighbour(view, s.id)
  try {
    const { conversation, undo } = await api.transfer(s.id, key, body)
    // Handed out of one's own sight it may be gone from here by now, and stays so.
    if (queue.known.has(s.id)) queue.take(conversation, stream.seq)
    const to = session.nameOf(body.associate) ?? session.teamName(body.team) ?? t.aColleague
    offer(t.together.transferred(to), undo)
    const route = router.route
    if (route.name === 'inbox' && route.conversation === s.id) router.go(inboxAt(view, next))
    return 'done'
  } catch (error) {
    if (!(error instanceof Problem)) return t.noAnswer
    if (error.code !== 'newer_message') return error.field('mentions') ?? (error.detail || t.wentWrong)
    const newer = (error.body['newer'] ?? []) as Message[]
    conversations.takeMessages(s.contact.id, s.id, newer, stream.seq)
    return { newest: Math.max(0, ...newer.map((m) => m.position)) }
  }
}
