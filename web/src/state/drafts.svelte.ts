// Unsent text, one draft a conversation: in this browser at once, on the server within a second of a stroke.
// The local copy wins until the server has it; afterwards other devices may change it. Sends nothing to a customer.
import { conversations as api } from '../api/calls'
import { mayRepeat } from '../api/http'
import type { Attachment, Draft } from '../api/types'
import { forget, keep, namesUnder, recall } from './kept'
import { line } from './line.svelte'
import { queue } from './queue.svelte'
import { session } from './session.svelte'

const SAVE_AFTER = 600

interface Kept {
  text: string
  attachments: Attachment[]
  note: boolean
}

export class DraftState {
  text = $state('')
  attachments = $state.raw<Attachment[]>([])
  note = $state(false)
  saved = $state<'clean' | 'dirty' | 'saving' | 'saved'>('clean')
  /** Where the cursor goes when the text came back from an undo. */
  cursor = $state<number | null>(null)
  /** When it was changed here last: an answer under way then knows less. */
  touched = 0

  get empty(): boolean {
    return this.text.trim() === '' && this.attachments.length === 0
  }
}

class Drafts {
  #drafts = new Map<string, DraftState>()
  #timers = new Map<string, ReturnType<typeof setTimeout>>()
  #flights = new Set<string>()

  start(): void {
    queue.draftOf = (id) => {
      const draft = this.#drafts.get(id)
      const ours = draft && (draft.saved !== 'clean' || Date.now() - draft.touched < 5_000)
      return ours ? !draft.empty : undefined
    }
    line.whenBack(() => this.flush())
    addEventListener('pagehide', () => this.flush())
    document.addEventListener('visibilitychange', () => {
      if (document.visibilityState === 'hidden') this.flush()
    })
  }

  /** After sign-in: what the last visit could not save is saved now. */
  resume(): void {
    const prefix = this.#name('')
    for (const name of namesUnder(prefix)) {
      const id = name.slice(prefix.length)
      this.of(id)
      this.#schedule(id)
    }
  }

  of(id: string): DraftState {
    let draft = this.#drafts.get(id)
    if (!draft) {
      draft = new DraftState()
      const kept = recall<Kept>(this.#name(id))
      if (kept) {
        draft.text = kept.text
        draft.attachments = kept.attachments
        draft.note = kept.note
        draft.saved = 'dirty'
      }
      this.#drafts.set(id, draft)
    }
    return draft
  }

  /** Call after each change of a draft. */
  changed(id: string): void {
    const draft = this.of(id)
    draft.saved = 'dirty'
    draft.touched = Date.now()
    keep(this.#name(id), { text: draft.text, attachments: draft.attachments, note: draft.note } satisfies Kept)
    queue.mark(id, { has_draft: !draft.empty })
    this.#schedule(id)
  }

  /** The text was sent or thrown away. */
  clear(id: string): void {
    const draft = this.of(id)
    if (draft.text === '' && draft.attachments.length === 0 && draft.saved === 'clean') return
    draft.text = ''
    draft.attachments = []
    draft.cursor = null
    this.changed(id)
  }

  /** Text comes back, from an undo or a held send; what was typed meanwhile stays below it. */
  restore(id: string, text: string, attachments: Attachment[], cursor: number, note = false): void {
    const draft = this.of(id)
    const typed = draft.text.trim()
    draft.text = typed && typed !== text.trim() ? `${text}\n\n${draft.text}` : text
    const had = new Set(attachments.map((a) => a.id))
    draft.attachments = [...attachments, ...draft.attachments.filter((a) => !had.has(a.id))]
    draft.note = note
    draft.cursor = Math.min(cursor, text.length)
    this.changed(id)
  }

  fromServer(id: string, incoming: Draft | null): void {
    const draft = this.of(id)
    if (draft.saved === 'dirty' || draft.saved === 'saving') return
    queue.mark(id, { has_draft: incoming !== null })
    if (incoming && incoming.text === draft.text && incoming.note === draft.note) {
      draft.attachments = incoming.attachments
      return
    }
    draft.text = incoming?.text ?? ''
    draft.attachments = incoming?.attachments ?? []
    draft.note = incoming?.note ?? false
    draft.saved = 'clean'
  }

  flush(): void {
    for (const [id, draft] of this.#drafts) if (draft.saved === 'dirty') void this.#save(id)
  }

  end(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer)
    this.#timers.clear()
    this.#drafts.clear()
  }

  #schedule(id: string): void {
    // Not moved on by later strokes: at most this long after the first one.
    if (this.#timers.has(id)) return
    this.#timers.set(
      id,
      setTimeout(() => void this.#save(id), SAVE_AFTER),
    )
  }

  async #save(id: string): Promise<void> {
    clearTimeout(this.#timers.get(id))
    this.#timers.delete(id)
    const draft = this.of(id)
    if (draft.saved !== 'dirty' || session.status !== 'in') return
    if (this.#flights.has(id)) return this.#schedule(id)
    this.#flights.add(id)
    draft.saved = 'saving'
    try {
      if (draft.empty) await api.dropDraft(id)
      else
        await api.saveDraft(id, {
          text: draft.text,
          attachments: draft.attachments.map((a) => a.id),
          note: draft.note,
        })
      if ((draft.saved as string) === 'saving') {
        draft.saved = draft.empty ? 'clean' : 'saved'
        forget(this.#name(id))
      }
    } catch (error) {
      draft.saved = 'dirty'
      // Refused for good (the conversation left my scope): the local copy stays, and nobody asks again.
      if (!mayRepeat(error)) draft.saved = 'clean'
    } finally {
      this.#flights.delete(id)
    }
  }

  #name(id: string): string {
    return `${session.me?.id ?? 'nobody'}.draft.${id}`
  }
}

export const drafts = new Drafts()
