// What a person does with a conversation beside writing: assign, close, reopen, waive, unread, block.
// Shown at once where the result is certain, taken back with a reason where the bridge refuses.
import { conversations as api, handles } from '../api/calls'
import { Problem } from '../api/http'
import type { Handle, Message, Summary, View, Waiver } from '../api/types'
import { stream } from '../live/stream.svelte'
import { inboxAt, router } from '../router.svelte'
import { t } from '../text/index.svelte'
import { calledIn } from '../text/format'
import { conversations } from './conversations.svelte'
import { latest, offer } from './decisions'
import { drafts } from './drafts.svelte'
import { isWaiting, queue } from './queue.svelte'
import { screen } from './screen.svelte'
import { session } from './session.svelte'
import { toasts } from './toasts.svelte'
import { SvelteSet } from 'svelte/reactivity'

const said = (error: unknown, otherwise: string) => (error instanceof Problem ? error.detail || otherwise : t.noAnswer)

/** The row after this one, else the one before it: where to go when this one leaves the list. */
export function neighbour(view: View, id: string): string | null {
  const ids = queue.views[view].ids
  const at = ids.indexOf(id)
  return ids[at + 1] ?? ids[at - 1] ?? null
}

export const acts = {
  /** The messages about which the bridge is being told something: a second press of the same is none. */
  deciding: new SvelteSet<string>(),

  async assign(id: string, associate: string | null, team: string | null): Promise<void> {
    const before = queue.known.get(id)
    if (!before) return
    const name = session.nameOf(associate)
    queue.take({ ...before, assignee: associate && name ? { id: associate, name } : null, team }, stream.seq)
    try {
      const { conversation } = await api.assign(id, associate, team)
      // Given out of one's own scope, it may be gone from here by now, and stays so.
      if (queue.known.has(id)) queue.take(conversation, stream.seq)
      toasts.say(
        associate === session.me?.id
          ? t.assignedToYou
          : name
            ? t.assignedTo(name)
            : team
              ? t.assignedTo(session.teamName(team) ?? team)
              : t.unassigned,
      )
    } catch (error) {
      const now = queue.known.get(id)
      if (now) queue.take({ ...now, assignee: before.assignee, team: before.team }, stream.seq)
      toasts.fail(said(error, t.assignFailed))
    }
  },

  async close(id: string, view: View): Promise<void> {
    const summary = queue.known.get(id)
    if (!summary || summary.state === 'closed') return
    if (isWaiting(summary)) {
      toasts.fail(t.closeOwed(calledIn(summary)))
      return
    }
    const next = neighbour(view, id)
    try {
      queue.take((await api.close(id)).conversation, stream.seq)
      toasts.say(t.closedNow, { label: t.reopen, run: () => void acts.reopen(id) })
      leave(id, view, next)
    } catch (error) {
      const owed = error instanceof Problem && error.code === 'reply_owed'
      toasts.fail(owed ? t.closeOwed(calledIn(summary)) : said(error, t.wentWrong))
    }
  },

  async reopen(id: string): Promise<void> {
    try {
      queue.take((await api.reopen(id)).conversation, stream.seq)
      conversations.stale(id)
      toasts.say(t.reopened)
    } catch (error) {
      toasts.fail(said(error, t.wentWrong))
    }
  },

  /** Opens the question why no answer is needed to what can be seen now. */
  askWaive(id: string, given = ''): void {
    screen.waiving = { conversation: id, given, seen: latest(id) }
  },

  /** Waives what was seen up to a position, never what came after it: then it gives `newer`, and that is to be asked. */
  async waive(id: string, body: Waiver, view: View): Promise<'done' | 'newer' | 'failed'> {
    const next = neighbour(view, id)
    try {
      const answer = await api.waive(id, body)
      const summary = queue.take(answer.conversation, stream.seq)
      if (isWaiting(summary)) return 'newer'
      offer(t.waived, answer.undo)
      if (body.close) leave(id, view, next)
      return 'done'
    } catch (error) {
      toasts.fail(said(error, t.wentWrong))
      return 'failed'
    }
  },

  markUnread(id: string): void {
    const summary = queue.known.get(id)
    if (!summary || summary.inbound_position === 0) return
    const position = Math.max(0, summary.inbound_position - 1)
    screen.keptUnread = id
    queue.mark(id, { read_position: position })
    void api.read(id, position).catch((error: unknown) => toasts.fail(said(error, t.wentWrong)))
    toasts.say(t.markedUnread)
  },

  async block(conversation: string, handle: Handle, reason: string): Promise<boolean> {
    try {
      await handles.block(handle.id, reason)
      toasts.say(t.blocked)
      await conversations.get(conversation).load()
      return true
    } catch (error) {
      toasts.fail(said(error, t.wentWrong))
      return false
    }
  },

  async unblock(conversation: string, handle: Handle): Promise<void> {
    try {
      await handles.unblock(handle.id)
      toasts.say(t.unblocked)
      await conversations.get(conversation).load()
    } catch (error) {
      toasts.fail(said(error, t.wentWrong))
    }
  },

  async newOwner(conversation: string, handle: Handle, reason: string): Promise<boolean> {
    try {
      await handles.newOwner(handle.id, reason)
      toasts.say(t.newOwnerDone)
      await conversations.get(conversation).load()
      return true
    } catch (error) {
      toasts.fail(said(error, t.wentWrong))
      return false
    }
  },

  async sameOwner(conversation: string, handle: Handle): Promise<void> {
    try {
      await handles.sameOwner(handle.id)
      toasts.say(t.sameOwnerDone)
      await conversations.get(conversation).load()
    } catch (error) {
      // That somebody has written since shows only here: the bridge does not tell it with the address.
      const late = error instanceof Problem && error.code === 'too_late'
      toasts.fail(late ? t.sameOwnerLate : said(error, t.wentWrong))
    }
  },

  async resend(message: string): Promise<void> {
    await decided(message, api.resend)
  },

  async confirm(message: string): Promise<void> {
    await decided(message, api.confirm)
  },

  /** A failed message stays as it is, and is nobody's trouble any more. */
  async setAside(message: string): Promise<void> {
    await decided(message, api.setAside)
  },

  /** Its words go back into the composer, to be sent another way; the message itself is left as it is. */
  async rewrite(m: Message): Promise<void> {
    const cc = m.letter?.recipients.filter((r) => r.role === 'cc').map((r) => r.address)
    const heading = { subject: m.letter?.subject ?? null, cc: cc ?? [], answers: m.answers?.id ?? null }
    drafts.restore(m.conversation_id, m.text, [], m.text.length, false, heading)
    await decided(m.id, api.setAside)
  },
}

async function decided(which: string, tell: typeof api.resend): Promise<void> {
  if (acts.deciding.has(which)) return
  acts.deciding.add(which)
  try {
    const { message, conversation } = await tell(which)
    const summary: Summary = queue.take(conversation, stream.seq)
    conversations.takeMessages(summary.contact.id, summary.id, [message], stream.seq)
  } catch (error) {
    toasts.fail(said(error, t.wentWrong))
  } finally {
    acts.deciding.delete(which)
  }
}

function leave(id: string, view: View, next: string | null): void {
  const route = router.route
  if (route.name === 'inbox' && route.conversation === id) router.go(inboxAt(view, next))
}
