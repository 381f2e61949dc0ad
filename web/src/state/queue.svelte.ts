// The queue: every summary this tab knows, and which of them each view shows in which order.
// Live events and answers both come in through `take`, which lets nothing older overwrite something newer.
import { conversations as api } from '../api/calls'
import { VIEWS, type Counts, type Summary, type View } from '../api/types'
import { stream } from '../live/stream.svelte'
import { session } from './session.svelte'
import { SvelteMap } from 'svelte/reactivity'

export const PAGE = 50

/** How many are unread among what is loaded, and whether there may be more. */
export interface Unread {
  count: number
  more: boolean
}

class ViewState {
  ids = $state.raw<string[]>([])
  next = $state.raw<string | null>(null)
  loaded = $state(false)
  loading = $state(false)
  failed = $state(false)
  flight: Promise<void> | null = null
}

/** The customer wrote, or a note named me, and I have not read it. */
export const isUnread = (s: Summary): boolean =>
  Math.max(s.inbound_position, s.named_position ?? 0) > (s.read_position ?? 0)
export const isSnoozed = (s: Summary): boolean =>
  s.state === 'open' && !s.suspected && (s.snoozed_until ?? null) !== null
export const isWaiting = (s: Summary): boolean => s.waiting_since !== null && s.state !== 'closed'

/** Which views show a conversation, as the bridge decides it too. */
export function belongs(view: View, s: Summary, me: string): boolean {
  switch (view) {
    case 'closed':
      return s.state === 'closed'
    case 'automatic':
      return s.state === 'automatic'
    case 'suspected':
      return s.state === 'open' && s.suspected
    case 'all':
      return s.state === 'open' && !s.suspected && !isSnoozed(s)
    case 'snoozed':
      return isSnoozed(s)
    case 'mentions':
      return s.mentioned?.includes(me) ?? false
    case 'unassigned':
      return s.state === 'open' && !s.suspected && !isSnoozed(s) && s.assignee === null
    case 'mine':
      return s.state === 'open' && !s.suspected && !isSnoozed(s) && s.assignee?.id === me
  }
}

const before = (a: Summary, b: Summary) => a.queue_at - b.queue_at || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)

class Queue {
  readonly known = new SvelteMap<string, Summary>()
  counts = $state.raw<Counts | null>(null)
  readonly views = Object.fromEntries(VIEWS.map((view) => [view, new ViewState()])) as Record<View, ViewState>
  /** What this tab's own draft says, where it knows better than an answer on its way. */
  draftOf: ((id: string) => boolean | undefined) | undefined
  #stamps = new Map<string, number>()
  #countsStamp = 0

  /** The rows of a view, first the longest waiting. */
  rows(view: View): Summary[] {
    return this.views[view].ids.flatMap((id) => this.known.get(id) ?? [])
  }

  /** Unread conversations that are mine or nobody's: what the tab's title counts. No conversation is both. */
  get unread(): Unread {
    const [mine, unassigned] = [this.unreadIn('mine'), this.unreadIn('unassigned')]
    return { count: mine.count + unassigned.count, more: mine.more || unassigned.more }
  }

  unreadIn(view: View): Unread {
    const me = session.me?.id ?? ''
    let count = 0
    for (const s of this.known.values()) if (isUnread(s) && belongs(view, s, me)) count++
    const { loaded, next } = this.views[view]
    return { count, more: loaded ? next !== null : (this.counts?.[view] ?? 0) > count }
  }

  /** Loads a page; who asks while one is under way waits for that one. */
  load(view: View, more = false, limit = PAGE): Promise<void> {
    const state = this.views[view]
    if (more && state.next === null) return Promise.resolve()
    state.flight ??= this.#load(view, more, limit).finally(() => (state.flight = null))
    return state.flight
  }

  async #load(view: View, more: boolean, limit: number): Promise<void> {
    const state = this.views[view]
    state.loading = true
    const stamp = stream.seq
    try {
      const page = await api.page(view, more ? state.next : null, Math.min(100, limit))
      state.failed = false
      state.next = page.next
      if (!more) {
        state.ids = []
        state.loaded = true
      }
      this.takeCounts(page.counts, stamp)
      for (const item of page.items) this.take(item, stamp)
      const ids = new Set(state.ids)
      for (const item of page.items) {
        const s = this.known.get(item.id)
        if (s && belongs(view, s, session.me?.id ?? '')) ids.add(item.id)
      }
      this.#arrange(view, ids)
    } catch {
      state.failed = true
    } finally {
      state.loading = false
    }
  }

  /** Takes a summary in, unless something newer is known. `stamp` is the sequence the sender had seen. */
  take(incoming: Summary, stamp: number): Summary {
    const old = this.known.get(incoming.id)
    const age = this.#stamps.get(incoming.id) ?? -1
    const older = (old?.seq && incoming.seq && incoming.seq < old.seq) || age > stamp
    if (old && older) {
      // My own marks are not part of the race: a late answer may still be the first to tell them.
      if (old.read_position === null && incoming.read_position !== null)
        this.#put({ ...old, read_position: incoming.read_position, has_draft: old.has_draft ?? incoming.has_draft })
      return this.known.get(incoming.id) ?? old
    }
    const summary: Summary = {
      ...incoming,
      // A mark of mine goes back only by `mark`: an answer that was under way must not undo it.
      read_position:
        incoming.read_position === null && !old ? null : Math.max(incoming.read_position ?? 0, old?.read_position ?? 0),
      named_position: incoming.named_position ?? old?.named_position ?? null,
      has_draft: this.draftOf?.(incoming.id) ?? incoming.has_draft ?? old?.has_draft ?? null,
    }
    this.#stamps.set(summary.id, stamp)
    this.#put(summary)
    return summary
  }

  /** Something that only this person sees changed: a read mark, a draft. */
  mark(id: string, change: Pick<Partial<Summary>, 'read_position' | 'has_draft' | 'named_position'>): void {
    const old = this.known.get(id)
    if (old) this.#put({ ...old, ...change })
  }

  takeCounts(counts: Counts, stamp: number): void {
    if (stamp < this.#countsStamp) return
    this.#countsStamp = stamp
    this.counts = counts
  }

  drop(id: string): void {
    this.known.delete(id)
    for (const view of VIEWS) this.views[view].ids = this.views[view].ids.filter((other) => other !== id)
  }

  clear(): void {
    this.known.clear()
    this.#stamps.clear()
    this.#countsStamp = 0
    this.counts = null
    for (const view of VIEWS)
      Object.assign(this.views[view], { ids: [], next: null, loaded: false, failed: false, flight: null })
  }

  #put(summary: Summary): void {
    this.known.set(summary.id, summary)
    const me = session.me?.id ?? ''
    for (const view of VIEWS) {
      const state = this.views[view]
      const was = state.ids.indexOf(summary.id)
      const should = state.loaded && belongs(view, summary, me)
      if (was < 0 && !should) continue
      const ids = was < 0 ? [...state.ids] : state.ids.toSpliced(was, 1)
      const at = should ? this.#place(ids, summary) : -1
      // A newcomer that would stand beyond the last loaded page waits for that page.
      if (was < 0 && state.next !== null && at === ids.length) continue
      if (should && at === was) continue
      if (should) ids.splice(at, 0, summary.id)
      state.ids = ids
    }
  }

  /** Where a summary stands among sorted rows: halved, because a list may be ten thousand long. */
  #place(ids: string[], summary: Summary): number {
    let [low, high] = [0, ids.length]
    while (low < high) {
      const middle = (low + high) >> 1
      const other = this.known.get(ids[middle] ?? '')
      if (other && before(other, summary) < 0) low = middle + 1
      else high = middle
    }
    return low
  }

  /** Sorts a view anew. */
  #arrange(view: View, ids: Set<string>): void {
    const state = this.views[view]
    const rows = [...ids].flatMap((id) => this.known.get(id) ?? []).sort(before)
    const next = rows.map((s) => s.id)
    if (next.length !== state.ids.length || next.some((id, i) => id !== state.ids[i])) state.ids = next
  }
}

export const queue = new Queue()
