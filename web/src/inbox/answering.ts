// Which message a reply answers, and how that one is shown. In a group that is whom it speaks to, so there is always
// one as soon as somebody has written; in private it is the author's choice. Pure: no words, no DOM.
import type { Capabilities, Message, Quoted, ReplyRoute, Summary } from '../api/types'

/** Whether others read along. */
export const isShared = (s: Pick<Summary, 'kind'>): boolean => s.kind === 'group' || s.kind === 'public'

/** What a conversation goes by where several people read it: a group is nobody's, and not who wrote there first. */
export const titleOf = (s: Pick<Summary, 'kind' | 'title'>): string | null => (isShared(s) && s.title) || null

/** Whether a reply here can name the message that it answers. */
export const canAnswer = (s: Summary, can: Capabilities | null | undefined): boolean =>
  isShared(s) || (can?.quotes ?? false)

/** What can be answered: what somebody wrote here and did not take back. */
export const answerable = (m: Message, s: Summary): boolean =>
  m.kind === 'inbound' && m.conversation_id === s.id && m.hidden === null && m.retracted_at === null && !m.letter

/**
 * Whether the customer would see a quote of it: it was said where the next reply goes, which is where something was said
 * last. One contact may write at several places of a channel, and all of it is one conversation.
 */
export function quotable(m: Message, messages: Message[]): boolean {
  let last: Message | undefined
  for (const one of messages) {
    if (one.conversation_id !== m.conversation_id || !one.thread || one.delivery === 'cancelled') continue
    if (!last || one.position > last.position) last = one
  }
  return !m.thread || !last || m.thread === last.thread
}

/** The same for the answering message. */
export const asQuoted = (m: Message): Quoted => ({
  id: m.id,
  author_kind: m.author.kind,
  author_name: m.author.name,
  text: m.retracted_at === null ? m.text.slice(0, 140) : '',
})

/** Whether somebody was answered after they wrote this: the reply names a message of theirs, this one or a later. */
function isAnswered(owed: Message, messages: Message[]): boolean {
  return messages.some((m) => {
    if (m.kind !== 'outbound' || m.position <= owed.position || m.delivery === 'cancelled' || !m.answers) return false
    const { id } = m.answers
    const to = messages.find((other) => other.id === id)
    return to !== undefined && to.author.id === owed.author.id && to.position >= owed.position
  })
}

/** The messages that wait for an answer, of those that the bridge named and that were not answered since. */
export function waiting(messages: Message[], owed: ReadonlySet<string>): Message[] {
  return messages.filter((m) => owed.has(m.id) && !isAnswered(m, messages))
}

/**
 * Whom a reply in a group speaks to where its author chose nobody: the latest who waits, else who wrote last; of those
 * whose message the author has seen.
 */
export function byDefault(
  messages: Message[],
  s: Summary,
  owed: ReadonlySet<string>,
  seen: number,
): Message | undefined {
  const seenHere = (m: Message) => answerable(m, s) && m.position <= seen
  const latest = (list: Message[]) =>
    list
      .filter(seenHere)
      .sort((a, b) => a.position - b.position)
      .at(-1)
  return latest(waiting(messages, owed)) ?? latest(messages)
}

export interface Writer {
  id: string
  name: string
  /** When they wrote last. */
  at: number
}
/** Who wrote here, by what is loaded: the latest first. */
export function writers(messages: Message[], s: Summary): Writer[] {
  const who = new Map<string, Writer>()
  for (const m of messages) {
    if (m.kind !== 'inbound' || m.conversation_id !== s.id) continue
    const id = m.author.id ?? s.contact.id
    const at = Math.max(m.at, who.get(id)?.at ?? 0)
    who.set(id, { id, name: m.author.name ?? s.contact.name, at })
  }
  return [...who.values()].sort((a, b) => b.at - a.at)
}

/** Until when a reply is taken: as the bridge said, or longer where somebody has written since. */
export function replyUntil(route: ReplyRoute | null, messages: Message[], conversation: string): number | null {
  const window = route?.capabilities?.reply_window ?? null
  if (!route || route.reply_until === null || window === null) return route?.reply_until ?? null
  const last = messages.reduce(
    (at, m) => (m.kind === 'inbound' && m.conversation_id === conversation ? Math.max(at, m.at) : at),
    0,
  )
  return Math.max(route.reply_until, last + window * 1_000)
}
