// Turns messages into what the timeline shows: day marks, moves between channels, handovers, and the messages.
// Pure: no words, no DOM. Timeline.svelte draws it.
import type { Message } from '../api/types'
import { dayKey } from '../text/format'
import { bare } from './subject'

export type Item =
  | { type: 'day'; id: string; at: number; channel: string | null }
  | { type: 'moved'; id: string; from: string; to: string }
  | { type: 'handover'; id: string; name: string | null; by: string | null; at: number; channel: string | null }
  | {
      type: 'message'
      id: string
      message: Message
      channel: string | null
      /** A letter's, where it is another than before in that conversation. */
      subject: string | null
    }

/** A message that a person took back before it left: its activity tells, the bubble is gone. */
const isGone = (m: Message) => m.kind === 'outbound' && m.delivery === 'cancelled' && m.author.kind === 'associate'

/** Whether a message is news to `me`: a customer's, or another person's answer. What happened beside is told quietly. */
export const isNews = (m: Message, me: string): boolean =>
  m.kind === 'inbound' || (m.kind === 'outbound' && m.author.kind !== 'bot' && m.author.id !== me)

export function timelineOf(messages: Message[]): Item[] {
  const items: Item[] = []
  let day = ''
  let channel: string | null = null
  /** Per conversation: did the assistant speak, and no person since? */
  const botSpoke = new Set<string>()
  /** Per conversation: the last subject. */
  const subjects = new Map<string, string>()
  for (const message of messages) {
    if (isGone(message)) continue
    const today = dayKey(message.at)
    const at = message.channel ?? channel
    if (today !== day) {
      day = today
      items.push({ type: 'day', id: `day-${today}`, at: message.at, channel: at })
    }
    const spoken = message.kind === 'inbound' || message.kind === 'outbound'
    if (spoken && message.channel !== null && message.hidden === null) {
      if (channel !== null && channel !== message.channel)
        items.push({ type: 'moved', id: `moved-${message.id}`, from: channel, to: message.channel })
      channel = message.channel
    }
    if (message.kind === 'outbound' && message.hidden === null) {
      if (message.author.kind === 'bot') botSpoke.add(message.conversation_id)
      else if (botSpoke.delete(message.conversation_id))
        items.push({
          type: 'handover',
          id: `handover-${message.id}`,
          name: message.author.name,
          by: message.author.id,
          at: message.at,
          channel: at,
        })
    }
    const subject = message.letter?.subject?.trim() ?? ''
    const told = subject === '' || subjects.get(message.conversation_id) === bare(subject)
    if (!told) subjects.set(message.conversation_id, bare(subject))
    items.push({ type: 'message', id: message.id, message, channel: at, subject: told ? null : subject })
  }
  return items
}
