// Chats at the pretend providers: what each of them shows in the same way, and what a customer can do there.
import { request } from '../api/http'
import type { sendable } from './files'

/** A chat: a private one of a customer and the shop, or a group. */
export interface Chat {
  id: string
  /** Empty for a private one. */
  title: string
  group: boolean
  /** The names of the customers in it. */
  members: string[]
}

export interface Mark {
  offset: number
  length: number
  kind: string
  /** Where a link leads. */
  url: string | null
}

export interface ChatMessage {
  /** Its id within its chat. */
  id: string
  chat: string
  /** The name of who wrote it. */
  writer: string
  shop: boolean
  text: string
  /** How the text is dressed, in UTF-16 units; parts may lie within each other. */
  marks: Mark[]
  at: number
  edited: boolean
  files: { id: string; name: string; content_type: string; size: number }[]
  /** The message that it answers. */
  answers: string | null
  quote: string | null
  /** What is sent together has this in common. */
  album: string | null
  reactions: { writer: string; emoji: string }[]
}

export type ChatFault = 'down' | 'refuse' | 'limit' | 'cut'

/** All that one provider shows. */
export interface Chats {
  /** The name by which the shop goes there. */
  shop: string
  chats: Chat[]
  /** Oldest first. */
  messages: ChatMessage[]
  /** Customers who shut the shop out. */
  blocked: string[]
  fault: ChatFault | null
  /** The longest text that a customer's app takes, in characters. */
  longest_text: number
  /** Where customers begin posts that everybody reads, where there is such a place. */
  forum: string | null
}

/** What a customer sends. */
export interface Sent {
  text: string
  answers?: string
  files: ReturnType<typeof sendable>
}

/** What can be done at a provider: the routes below its own path, by the channel's name. */
export function at(channel: string) {
  const base = `/playground/api/chats/${channel}`
  const post = (path: string, body: unknown) => request<unknown>('POST', `${base}${path}`, { body })
  return {
    write: (customer: string, chat: string, sent: Sent) => post('', { customer, chat, ...sent }),
    edit: (customer: string, chat: string, message: string, text: string) =>
      post('/edit', { customer, chat, message, text }),
    remove: (customer: string, chat: string, message: string) => post('/delete', { customer, chat, message }),
    begin: (customer: string, title: string, text: string) => post('/post', { customer, title, text }),
    react: (customer: string, chat: string, message: string, emoji: string | null) =>
      post('/react', { customer, chat, message, emoji }),
    block: (customer: string, blocked: boolean) => post('/block', { customer, blocked }),
    fault: (kind: ChatFault | null) => post('/fault', { kind }),
    file: (id: string) => `${base}/files/${encodeURIComponent(id)}`,
  }
}

/** What a phone shows as one: a message, or the parts of an album under what is said of them. */
export interface Bubble {
  head: ChatMessage
  /** All its parts. */
  ids: string[]
  text: string
  marks: Mark[]
  files: ChatMessage['files']
}

export function bubbles(messages: ChatMessage[]): Bubble[] {
  const found: Bubble[] = []
  const albums = new Map<string, Bubble>()
  for (const message of messages) {
    const album = message.album === null ? undefined : albums.get(message.album)
    if (album) {
      album.ids.push(message.id)
      album.files = [...album.files, ...message.files]
      if (!album.text) Object.assign(album, { text: message.text, marks: message.marks })
      continue
    }
    const bubble = { head: message, ids: [message.id], text: message.text, marks: message.marks, files: message.files }
    found.push(bubble)
    if (message.album !== null) albums.set(message.album, bubble)
  }
  return found
}

/** A text in pieces, each with all that dresses it. */
export function pieces(text: string, marks: Mark[]): { text: string; kinds: string[]; url: string | undefined }[] {
  const borders = marks.flatMap(({ offset, length }) => [offset, offset + length])
  const cuts = [...new Set([0, text.length, ...borders])].filter((at) => at >= 0 && at <= text.length)
  cuts.sort((a, b) => a - b)
  return cuts.slice(1).map((end, i) => {
    const start = cuts[i] ?? 0
    const around = marks.filter(({ offset, length }) => offset <= start && offset + length >= end)
    const link = around.find(({ kind, url }) => kind === 'link' && /^https?:/i.test(url ?? ''))
    return { text: text.slice(start, end), kinds: around.map(({ kind }) => kind), url: link?.url ?? undefined }
  })
}

/** A customer's chats with what was said last in each, the latest first; those without a word last. */
export function rows(state: Chats, customer: string): { chat: Chat; last: ChatMessage | undefined }[] {
  const mine = state.chats.filter((chat) => chat.members.includes(customer))
  const found = mine.map((chat) => ({ chat, last: state.messages.findLast((m) => m.chat === chat.id) }))
  return found.toSorted((a, b) => (b.last?.at ?? 0) - (a.last?.at ?? 0))
}

/** Reactions by what they are, and how many of each. */
export function counted(reactions: ChatMessage['reactions']): [string, number][] {
  const found = new Map<string, number>()
  for (const { emoji } of reactions) found.set(emoji, (found.get(emoji) ?? 0) + 1)
  return [...found]
}
