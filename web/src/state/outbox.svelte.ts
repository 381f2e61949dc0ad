// What the person pressed send on and the bridge has not confirmed yet. One at a time and in order; kept in the browser,
// so that a reload or a lost line loses nothing. One press has one idempotency key for its whole life, and one entry of its
// own in the browser's storage: every tab of a person shows all of them, and of each one tab, which holds its lock, sends.
// Also owns undo: a reply that the bridge holds back for some seconds. Delivery states are the bridge's (messages).
import { conversations as api } from '../api/calls'
import { mayRepeat, Problem } from '../api/http'
import type { Attachment, Message, Span } from '../api/types'
import { stream } from '../live/stream.svelte'
import { inboxAt, router } from '../router.svelte'
import { t } from '../text/index.svelte'
import { conversations } from './conversations.svelte'
import { drafts, headingBody, type Heading } from './drafts.svelte'
import { forget, keep, namesUnder, onKept, recall } from './kept'
import { line } from './line.svelte'
import { namedIn } from './naming'
import { queue } from './queue.svelte'
import { session } from './session.svelte'
import { toasts } from './toasts.svelte'

/** How long the tab in which send was pressed has to take it, in ms: there the person looks for undo. */
const OTHERS_FIRST = 2_000
/** The fields of a reply of which a refusal may speak. */
const FIELDS = ['text', 'spans', 'attachments', 'subject', 'cc']

/** What an older page kept has no heading. */
export interface Pending extends Partial<Heading> {
  key: string
  conversation: string
  name: string
  kind: 'reply' | 'note'
  text: string
  /** How the text is dressed; none from an older page. */
  spans?: Span[]
  /** The text as it was typed, where marks in it became dress. */
  typed?: string
  attachments: Attachment[]
  close: boolean
  /** The last position the author had seen. */
  seen: number
  cursor: number
  at: number
  state: 'sending' | 'waiting' | 'held' | 'failed'
  reason: string | null
  /** Who wrote meanwhile, where held. */
  by: string | null
  /** The last position of what the bridge named then, and the person is shown: only that may be passed. */
  newest: number
}

/** Whom a note names, where it names anybody. */
function naming(text: string): { mentions?: string[] } {
  const mentions = namedIn(text, session.me?.associates.filter((a) => a.active) ?? [])
  return mentions.length > 0 ? { mentions: mentions.slice(0, 20) } : {}
}

interface Undoable {
  message: string
  /** As it was written: a subject that was only suggested is suggested again. */
  heading: Partial<Heading>
  /** The text as it was typed, where that is another than what was sent. */
  typed: string | null
  conversation: string
  cursor: number
  toast: number
  until: number
}

/**
 * The position up to which nobody but me has spoken after `seen`: my own sends are no news to me, but for the same words,
 * which left another device.
 */
export function seenThrough(
  messages: Message[],
  { conversation, seen, text }: Pick<Pending, 'conversation' | 'seen' | 'text'>,
  me: string,
): number {
  let through = seen
  const later = messages
    .filter((m) => m.conversation_id === conversation && m.position > seen)
    .sort((a, b) => a.position - b.position)
  for (const m of later) {
    const human = m.kind === 'inbound' || (m.kind === 'outbound' && m.author.kind !== 'bot')
    const own = m.author.kind === 'associate' && m.author.id === me && (m.text !== text || m.delivery === 'cancelled')
    if (human && !own) break
    through = m.position
  }
  return through
}

/** Whether the live stream has shown a send already, before its own answer came back. */
export function arrived(pending: Pending, messages: Message[], me: string): boolean {
  const kind = pending.kind === 'note' ? 'note' : 'outbound'
  return messages.some(
    (m) =>
      m.conversation_id === pending.conversation &&
      m.kind === kind &&
      m.author.id === me &&
      m.position > pending.seen &&
      m.delivery !== 'cancelled' &&
      m.text === pending.text,
  )
}

export class Outbox {
  list = $state.raw<Pending[]>([])
  undoable = $state.raw<Undoable[]>([])
  #running = false
  #timer: ReturnType<typeof setTimeout> | undefined
  #takeBack = new Set<string>()
  /** What this tab sends, each with what lets go of its lock. */
  #mine = new Map<string, () => void>()

  start(): void {
    line.whenBack(() => void this.#run())
    onKept((name) => {
      const prefix = this.#name('')
      if (session.status === 'in' && name.startsWith(prefix)) this.#heard(name.slice(prefix.length), OTHERS_FIRST)
    })
  }

  resume(): void {
    const prefix = this.#name('')
    for (const name of namesUnder(prefix)) this.#heard(name.slice(prefix.length))
  }

  end(): void {
    clearTimeout(this.#timer)
    this.#mine.forEach((release) => release())
    this.#mine.clear()
    this.list = []
    this.undoable = []
  }

  of(conversation: string): Pending[] {
    return this.list.filter((p) => p.conversation === conversation)
  }

  get waiting(): number {
    return this.list.filter((p) => p.state === 'waiting').length
  }

  send(what: Omit<Pending, 'key' | 'at' | 'state' | 'reason' | 'by' | 'newest'>): void {
    const pending: Pending = {
      ...what,
      key: crypto.randomUUID(),
      at: Date.now(),
      state: line.down ? 'waiting' : 'sending',
      reason: null,
      by: null,
      newest: 0,
    }
    this.#put(pending)
    this.#claim(pending.key)
  }

  /** The same press once more: same key, so that it cannot arrive twice. */
  retry(key: string): void {
    this.#change(key, { state: 'sending', reason: null })
    this.#claim(key, true)
  }

  /** The person has seen what came meanwhile and sends anyway. What came after that holds it again. */
  sendAnyway(key: string): void {
    const pending = this.list.find((p) => p.key === key)
    if (!pending) return
    const seen = Math.max(pending.seen, pending.newest)
    this.#change(key, { state: 'sending', seen, reason: null, by: null })
    this.#claim(key, true)
  }

  discard(key: string): void {
    forget(this.#name(key))
    this.#drop(key)
  }

  /** Back into the composer. */
  edit(key: string): void {
    const pending = this.list.find((p) => p.key === key)
    if (!pending) return
    this.discard(key)
    const { conversation, text, attachments, cursor, kind } = pending
    drafts.restore(conversation, pending.typed ?? text, attachments, cursor, kind === 'note', pending)
  }

  /** Takes the last send back, whether the bridge has it already or not. */
  async undo(which = this.undoable.at(-1)): Promise<void> {
    if (!which) {
      const last = this.list.findLast((p) => p.state === 'sending' || p.state === 'waiting')
      if (!last) return
      if (last.state === 'waiting') this.edit(last.key)
      else this.#takeBack.add(last.key)
      return
    }
    this.#forgetUndo(which.message)
    try {
      const back = await api.undo(which.message)
      queue.take(back.conversation, stream.seq)
      conversations
        .peek(which.conversation)
        ?.takeMessages(this.#cancelled(which.conversation, which.message), stream.seq)
      const text = which.typed ?? back.text
      drafts.restore(which.conversation, text, back.attachments, which.cursor, false, which.heading)
      const route = router.route
      if (route.name !== 'inbox' || route.conversation !== which.conversation)
        router.go(inboxAt(route.name === 'inbox' ? route.view : 'mine', which.conversation))
    } catch (error) {
      const late = error instanceof Problem && error.code === 'too_late'
      toasts.fail(late ? t.undoTooLate : t.undoFailed)
    }
  }

  #cancelled(conversation: string, message: string): Message[] {
    const found = conversations.peek(conversation)?.messages.find((m) => m.id === message)
    return found ? [{ ...found, delivery: 'cancelled', undo_until: null }] : []
  }

  async #run(): Promise<void> {
    if (this.#running) return
    this.#running = true
    clearTimeout(this.#timer)
    try {
      for (;;) {
        const next = this.list.find((p) => this.#mine.has(p.key) && (p.state === 'sending' || p.state === 'waiting'))
        if (!next || session.status !== 'in') break
        if (!(await this.#deliver(next))) break
      }
    } finally {
      this.#running = false
    }
  }

  /** False where the line is gone: the rest waits, in order. */
  async #deliver(pending: Pending): Promise<boolean> {
    const me = session.me?.id ?? ''
    const known = conversations.peek(pending.conversation)?.messages ?? []
    const seen = seenThrough(known, pending, me)
    const attachments = pending.attachments.map((a) => a.id)
    try {
      const done =
        pending.kind === 'note'
          ? await api.note(pending.conversation, pending.key, {
              text: pending.text,
              attachments,
              ...naming(pending.text),
            })
          : await api.reply(pending.conversation, pending.key, {
              text: pending.text,
              attachments,
              seen_position: seen,
              close: pending.close,
              ...(pending.spans?.length ? { spans: pending.spans } : {}),
              ...(pending.answers ? { answers: pending.answers } : {}),
              ...headingBody({ subject: pending.subject ?? null, cc: pending.cc ?? [] }),
            })
      this.discard(pending.key)
      const summary = queue.take(done.conversation, stream.seq)
      conversations.takeMessages(summary.contact.id, pending.conversation, [done.message], stream.seq)
      this.#offerUndo(pending, done.message)
    } catch (error) {
      if (mayRepeat(error)) {
        this.#change(pending.key, { state: 'waiting' })
        this.#timer = setTimeout(() => void this.#run(), 5_000)
        return false
      }
      this.#refused(pending, error)
    }
    return true
  }

  #refused(pending: Pending, error: unknown): void {
    this.#takeBack.delete(pending.key)
    const elsewhere = router.route.name !== 'inbox' || router.route.conversation !== pending.conversation
    const open = { label: t.open, run: () => router.go(inboxAt('mine', pending.conversation)) }
    if (error instanceof Problem && error.code === 'newer_message') {
      const newer = (error.body['newer'] ?? []) as Message[]
      const contact = queue.known.get(pending.conversation)?.contact.id ?? ''
      conversations.takeMessages(contact, pending.conversation, newer, stream.seq)
      const colleague = newer.find((m) => m.kind === 'outbound')?.author.name ?? null
      const newest = Math.max(pending.newest, ...newer.map((m) => m.position))
      this.#change(pending.key, { state: 'held', by: colleague, newest })
      if (elsewhere) toasts.fail(t.heldElsewhere(pending.name), open)
      return
    }
    const reason =
      error instanceof Problem
        ? (FIELDS.map((field) => error.field(field)).find((reason) => reason) ?? (error.detail || error.code))
        : String(error)
    this.#change(pending.key, { state: 'failed', reason })
    if (elsewhere) toasts.fail(t.failedElsewhere(pending.name), open)
  }

  #offerUndo(pending: Pending, message: Message): void {
    if (message.undo_until === null || message.kind !== 'outbound') {
      this.#takeBack.delete(pending.key)
      return
    }
    // The bridge's clock may differ from ours: only the distance counts.
    const ms = Math.max(0, message.undo_until - message.at)
    const limit = session.me?.settings.undo_seconds ?? 10
    const left = Math.min(ms, limit * 1000) - 250
    if (left <= 0) return
    const undoable: Undoable = {
      message: message.id,
      heading: { subject: pending.subject ?? null, cc: pending.cc ?? [], answers: pending.answers ?? null },
      typed: pending.typed ?? null,
      conversation: pending.conversation,
      cursor: pending.cursor,
      until: Date.now() + left,
      toast: 0,
    }
    if (this.#takeBack.delete(pending.key)) {
      void this.undo(undoable)
      return
    }
    undoable.toast = toasts.show({
      kind: 'status',
      text: t.sendingTo(pending.name),
      countdown: { from: Date.now(), ms: left, text: (s) => t.sendingIn(pending.name, s) },
      action: { label: t.undo, run: () => void this.undo(undoable), key: 'undo' },
    })
    this.undoable = [...this.undoable, undoable]
    setTimeout(() => this.#forgetUndo(message.id), left)
  }

  #forgetUndo(message: string): void {
    const found = this.undoable.find((u) => u.message === message)
    if (!found) return
    toasts.drop(found.toast)
    this.undoable = this.undoable.filter((u) => u !== found)
  }

  /** Another tab began, changed or ended one, or this tab finds it from an earlier visit. */
  #heard(key: string, pause = 0): void {
    const pending = recall<Pending>(this.#name(key))
    if (!pending) return this.#drop(key)
    const known = this.list.some((p) => p.key === key)
    this.#show(pending)
    if (known) return
    if (pause === 0) this.#claim(key)
    else setTimeout(() => this.list.some((p) => p.key === key) && this.#claim(key), pause)
  }

  /**
   * Sends one from here as soon as no other tab does: at once where that is this tab's own, else when that tab is gone.
   * `take` is a person's decision here and now, and takes it from a tab that may be asleep.
   */
  #claim(key: string, take = false): void {
    if (this.#mine.has(key)) return void this.#run()
    const kept = () => recall(this.#name(key)) !== undefined
    const hold = () =>
      new Promise<void>((release) => {
        this.#mine.set(key, release)
        void this.#run()
      })
    // No other tab can know of what could not be kept; and a page without TLS has no locks, only the idempotency key.
    if (!kept() || !('locks' in navigator)) return void hold()
    navigator.locks
      .request(`rapport.${this.#name(key)}`, { steal: take }, () => (kept() ? hold() : this.#drop(key)))
      .catch(() => this.#mine.delete(key))
  }

  #change(key: string, change: Partial<Pending>): void {
    const pending = this.list.find((p) => p.key === key)
    if (pending) this.#put({ ...pending, ...change })
  }

  #put(pending: Pending): void {
    this.#show(pending)
    keep(this.#name(pending.key), pending)
  }

  #show(pending: Pending): void {
    const known = this.list.some((p) => p.key === pending.key)
    const list = known ? this.list.map((p) => (p.key === pending.key ? pending : p)) : [...this.list, pending]
    this.list = list.sort((a, b) => a.at - b.at)
  }

  #drop(key: string): void {
    this.list = this.list.filter((p) => p.key !== key)
    this.#mine.get(key)?.()
    this.#mine.delete(key)
  }

  #name(key: string): string {
    return `${session.me?.id ?? 'nobody'}.outbox.${key}`
  }
}

export const outbox = new Outbox()
