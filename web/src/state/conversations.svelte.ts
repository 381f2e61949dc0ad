// The conversations this tab has opened or fetched ahead: contact, route of a reply, and the contact's timeline.
// Each is an object of its own, so a late answer for one can never show in another; inside one, `stamp` decides.
import { conversations as api } from '../api/calls'
import { Problem } from '../api/http'
import type { Contact, Detail, Message, ReplyRoute } from '../api/types'
import { stream } from '../live/stream.svelte'
import { drafts } from './drafts.svelte'
import { queue } from './queue.svelte'
import { session } from './session.svelte'
import { SvelteMap } from 'svelte/reactivity'

const KEPT = 40

/** The timeline's order: the provider's time, then position. */
export const inOrder = (a: Message, b: Message): number =>
  a.at - b.at || a.position - b.position || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)

export class Conversation {
  readonly id: string
  contact = $state.raw<Contact | null>(null)
  reply = $state.raw<ReplyRoute | null>(null)
  closed = $state.raw<Detail['closed']>(null)
  card = $state.raw<Detail['card']>(null)
  routing = $state.raw<Detail['routing']>(null)
  /** The messages that waited for an answer when the bridge was last asked. */
  owed = $state.raw<ReadonlySet<string>>(new Set())
  messages = $state.raw<Message[]>([])
  before = $state.raw<string | null>(null)
  loaded = $state(false)
  loading = $state(false)
  loadingOlder = $state(false)
  failed = $state<null | 'missing' | 'unreachable'>(null)
  /** Who looks after it, where it went out of this person's scope and that is known. */
  takenBy = $state<string | null>(null)
  /** Something changed that only a fresh answer can tell. */
  stale = false
  #stamps = new Map<string, number>()
  #flight: Promise<void> | null = null

  constructor(id: string) {
    this.id = id
  }

  load(): Promise<void> {
    this.#flight ??= this.#fetch().finally(() => (this.#flight = null))
    return this.#flight
  }

  async older(): Promise<void> {
    if (!this.before || this.loadingOlder || !this.contact) return
    this.loadingOlder = true
    const stamp = stream.seq
    try {
      const page = await api.older(this.contact.id, this.before)
      this.before = page.before
      this.takeMessages(page.items, stamp)
    } finally {
      this.loadingOlder = false
    }
  }

  takeMessages(incoming: Message[], stamp: number): void {
    const fresh = incoming.filter((m) => (this.#stamps.get(m.id) ?? -1) <= stamp)
    if (fresh.length === 0) return
    const byId = new Map(this.messages.map((m) => [m.id, m]))
    for (const message of fresh) {
      const old = byId.get(message.id)
      if (old && old.version > message.version) continue
      this.#stamps.set(message.id, stamp)
      byId.set(message.id, message)
    }
    this.messages = [...byId.values()].sort(inOrder)
  }

  /** Not to be seen any more. What was written here stays with the person. */
  lose(): void {
    const me = session.me?.id
    const told = this.messages.findLast((m) => m.activity?.type === 'assigned' || m.activity?.type === 'transferred')
      ?.activity?.assignee
    const holder = queue.known.get(this.id)?.assignee ?? told
    if (holder && holder.id !== me) this.takenBy = holder.name
    this.failed = 'missing'
    this.stale = true
    drafts.gone(this.id)
  }

  /** The last position in this conversation that this tab can have shown. */
  get position(): number {
    let last = 0
    for (const m of this.messages) if (m.conversation_id === this.id && m.position > last) last = m.position
    return last
  }

  /** What was another person's after all, where records were taken apart: the bridge does not tell it any more. */
  #forget(page: Detail['messages'], stamp: number): void {
    const told = new Set(page.items.map((m) => m.id))
    const oldest = page.before === null ? undefined : page.items[0]
    const gone = (m: Message) =>
      !told.has(m.id) && (this.#stamps.get(m.id) ?? -1) <= stamp && (!oldest || inOrder(m, oldest) > 0)
    if (this.messages.some(gone)) this.messages = this.messages.filter((m) => !gone(m))
  }

  async #fetch(): Promise<void> {
    this.loading = true
    const stamp = stream.seq
    const asked = Date.now()
    try {
      const detail = await api.open(this.id)
      this.failed = null
      this.stale = false
      this.contact = detail.contact
      this.reply = detail.reply
      this.closed = detail.closed ?? null
      this.card = detail.card ?? null
      this.routing = detail.routing ?? null
      this.owed = new Set(detail.obligations.map((o) => o.message_id))
      if (!this.loaded) this.before = detail.messages.before
      this.takenBy = null
      queue.take(detail.conversation, stamp)
      this.#forget(detail.messages, stamp)
      this.takeMessages(detail.messages.items, stamp)
      drafts.back(this.id)
      drafts.fromServer(this.id, detail.draft, asked)
      this.loaded = true
    } catch (error) {
      if (error instanceof Problem && (error.status === 404 || error.status === 403)) this.lose()
      else if (!this.loaded) this.failed = 'unreachable'
    } finally {
      this.loading = false
    }
  }
}

class Conversations {
  readonly #cache = new SvelteMap<string, Conversation>()

  /** Ids by use, the longest unused first: what is open never falls out before what was only fetched ahead. */
  readonly #used = new Set<string>()

  /** The conversation, from the cache or begun now. Call from an event or an effect, not while rendering. */
  get(id: string): Conversation {
    let found = this.#cache.get(id)
    if (!found) {
      found = new Conversation(id)
      this.#cache.set(id, found)
    }
    this.#used.delete(id)
    this.#used.add(id)
    for (const oldest of this.#used) {
      if (this.#used.size <= KEPT || oldest === id) break
      this.#used.delete(oldest)
      this.#cache.delete(oldest)
    }
    return found
  }

  peek(id: string): Conversation | undefined {
    return this.#cache.get(id)
  }

  /** Opens one: at most one request, none where the cache is good. */
  open(id: string): Conversation {
    const conversation = this.get(id)
    if (!conversation.loaded || conversation.stale) void conversation.load()
    return conversation
  }

  /** Fetches a neighbour ahead, so that going there is immediate. Says whether that took a request. */
  ahead(id: string): boolean {
    const conversation = this.get(id)
    if (conversation.loaded || conversation.loading) return false
    void conversation.load()
    return true
  }

  /** Messages of a contact, for every open timeline of that contact. */
  takeMessages(contact: string, id: string, messages: Message[], stamp: number): void {
    for (const conversation of this.#cache.values()) {
      if (!conversation.loaded) continue
      if (conversation.id === id || conversation.contact?.id === contact) conversation.takeMessages(messages, stamp)
    }
  }

  stale(id?: string): void {
    for (const conversation of this.#cache.values())
      if (id === undefined || conversation.id === id) conversation.stale = true
  }

  drop(id: string): void {
    this.#cache.get(id)?.lose()
  }

  clear(): void {
    this.#cache.clear()
    this.#used.clear()
  }
}

export const conversations = new Conversations()
