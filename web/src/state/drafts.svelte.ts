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

/** What stands above a reply: a letter's subject and copies, or the message that it answers. */
export interface Heading {
  /** Null: what is suggested. */
  subject: string | null
  /** Who gets a copy. */
  cc: string[]
  /** The message that it answers, where its author chose one. The server's copy of a draft knows nothing of it. */
  answers: string | null
}

/** The same as a request says it: nothing where nothing was chosen, so that other channels never hear of it. */
export const headingBody = ({ subject, cc }: Pick<Heading, 'subject' | 'cc'>): { subject?: string; cc?: string[] } => ({
  ...(subject === null ? {} : { subject }),
  ...(cc.length === 0 ? {} : { cc }),
})

const NO_HEADING: Heading = { subject: null, cc: [], answers: null }

/** What an older page kept has no heading. */
interface Kept extends Partial<Heading> {
  text: string
  attachments: Attachment[]
  note: boolean
}

/** A reply and a note, apart: what was begun as the one never becomes the other unless the person turns it over. */
export class DraftState {
  reply = $state('')
  aside = $state('')
  replyFiles = $state.raw<Attachment[]>([])
  asideFiles = $state.raw<Attachment[]>([])
  /** What stands above the reply. A note has nothing above it. */
  heading = $state.raw<Heading>(NO_HEADING)
  /** Which of the two the composer shows. */
  note = $state(false)
  saved = $state<'clean' | 'dirty' | 'saving' | 'saved'>('clean')
  /** Where the cursor goes when the text came back from an undo. */
  cursor = $state<number | null>(null)
  /** When it was changed here last: an answer under way then knows less. */
  touched = 0
  /** The server holds one draft, and a reply goes first: this note is in this browser alone. */
  noteIsLocal = false
  /** What the server was last known to hold; null where nothing. */
  known: string | null = null
  /** The conversation left this person's scope: what was written is theirs still, whatever the server says. */
  gone = false

  get text(): string {
    return this.note ? this.aside : this.reply
  }
  set text(text: string) {
    if (this.note) this.aside = text
    else this.reply = text
  }
  get attachments(): Attachment[] {
    return this.note ? this.asideFiles : this.replyFiles
  }
  set attachments(files: Attachment[]) {
    if (this.note) this.asideFiles = files
    else this.replyFiles = files
  }
  get hasReply(): boolean {
    return this.reply.trim() !== '' || this.replyFiles.length > 0
  }
  get hasNote(): boolean {
    return this.aside.trim() !== '' || this.asideFiles.length > 0
  }
  /** Nothing in what the composer shows. */
  get empty(): boolean {
    return !(this.note ? this.hasNote : this.hasReply)
  }
  get hasHeading(): boolean {
    return this.heading.subject !== null || this.heading.cc.length > 0
  }
  /** Nothing in either, nor above. */
  get bare(): boolean {
    return !this.hasReply && !this.hasNote && !this.hasHeading
  }
  /** What the server is to hold: the reply, or the note where there is no reply. */
  get first(): Kept {
    return !this.hasReply && this.hasNote
      ? { text: this.aside, attachments: this.asideFiles, note: true }
      : { text: this.reply, attachments: this.replyFiles, note: false, ...this.heading }
  }
}

/** Two drafts are the same where their words, files, heading and side are. */
const print = ({ text, attachments, note, subject = null, cc = [] }: Kept): string =>
  JSON.stringify([text, attachments.map((a) => a.id), note, subject, cc])

const headingOf = ({ subject = null, cc = [], answers = null }: Partial<Heading>): Heading => ({ subject, cc, answers })

class Drafts {
  #drafts = new Map<string, DraftState>()
  #timers = new Map<string, ReturnType<typeof setTimeout>>()
  #flights = new Set<string>()

  start(): void {
    queue.draftOf = (id) => {
      const draft = this.#drafts.get(id)
      const ours = draft && (draft.saved !== 'clean' || Date.now() - draft.touched < 5_000)
      return ours ? !draft.bare : undefined
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
        draft.note = kept.note
        draft.text = kept.text
        draft.attachments = kept.attachments
        draft.heading = headingOf(kept)
        draft.saved = 'dirty'
      }
      const answers = recall<string>(this.#answersName(id))
      if (answers) draft.heading = { ...draft.heading, answers }
      const aside = recall<Kept>(this.#noteName(id))
      if (aside && !draft.hasNote) {
        draft.aside = aside.text
        draft.asideFiles = aside.attachments
        draft.noteIsLocal = true
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
    keep(this.#name(id), draft.first)
    if (draft.hasReply && draft.hasNote)
      keep(this.#noteName(id), { text: draft.aside, attachments: draft.asideFiles, note: true } satisfies Kept)
    else forget(this.#noteName(id))
    queue.mark(id, { has_draft: !draft.bare })
    this.#schedule(id)
  }

  /** Chooses the message that the reply answers, or with null none. */
  answer(id: string, message: string | null): void {
    const draft = this.of(id)
    draft.heading = { ...draft.heading, answers: message }
    if (message === null) forget(this.#answersName(id))
    else keep(this.#answersName(id), message)
  }

  /** Shows the reply or the note. What was written in the other one stays there. */
  turn(id: string, note: boolean): void {
    this.of(id).note = note
  }

  /** The person turned over what stands in the composer: the text goes along, unless the other side has its own. */
  turnOver(id: string, note: boolean): void {
    const draft = this.of(id)
    if (draft.note === note) return
    const { text, attachments } = draft
    const taken = note ? draft.hasNote : draft.hasReply
    if (taken || draft.empty) return this.turn(id, note)
    draft.text = ''
    draft.attachments = []
    draft.note = note
    draft.text = text
    draft.attachments = attachments
    this.changed(id)
  }

  /** The text was sent or thrown away. */
  clear(id: string): void {
    const draft = this.of(id)
    const above = !draft.note && draft.hasHeading
    if (draft.text === '' && draft.attachments.length === 0 && !above && draft.saved === 'clean') return
    draft.text = ''
    draft.attachments = []
    if (!draft.note) {
      draft.heading = NO_HEADING
      forget(this.#answersName(id))
    }
    draft.cursor = null
    // What comes back, by an undo for instance, is new to the server.
    draft.known = null
    this.changed(id)
  }

  /** Text comes back, from an undo or a held send; what was typed meanwhile stays below it, and above it too. */
  restore(
    id: string,
    text: string,
    attachments: Attachment[],
    cursor: number,
    note = false,
    heading: Partial<Heading> = NO_HEADING,
  ): void {
    const draft = this.of(id)
    draft.note = note
    if (!note && !draft.hasHeading) draft.heading = headingOf(heading)
    if (!note) this.answer(id, draft.heading.answers)
    const typed = draft.text.trim()
    draft.text = typed && typed !== text.trim() ? `${text}\n\n${draft.text}` : text
    const had = new Set(attachments.map((a) => a.id))
    draft.attachments = [...attachments, ...draft.attachments.filter((a) => !had.has(a.id))]
    draft.cursor = Math.min(cursor, text.length)
    this.changed(id)
  }

  /** `asked` is when the question was put, where it is an answer: what was typed since is newer than that. */
  fromServer(id: string, incoming: Draft | null, asked = Infinity): void {
    const draft = this.of(id)
    if (draft.gone || draft.touched > asked) return
    if (draft.saved === 'dirty' || draft.saved === 'saving') {
      // Sent from another tab or device: what stands here is what went out, or it is newer and stays.
      const usedUp = incoming === null && !this.#flights.has(id) && print(draft.first) === draft.known
      if (!usedUp) return
      forget(this.#name(id))
      draft.noteIsLocal ||= draft.hasReply && draft.hasNote
    }
    draft.known = incoming && print(incoming)
    const { bare, empty } = draft
    const reply = incoming && !incoming.note ? incoming : null
    const note = incoming?.note ? incoming : null
    draft.reply = reply?.text ?? ''
    draft.replyFiles = reply?.attachments ?? []
    draft.heading = { ...headingOf(reply ?? NO_HEADING), answers: draft.heading.answers }
    // What the server held before is gone there; a note of this browser alone is not.
    if (note || !draft.noteIsLocal) {
      draft.aside = note?.text ?? ''
      draft.asideFiles = note?.attachments ?? []
      draft.noteIsLocal = false
    }
    // Never turned under the person's fingers: only to show a note that nothing stands before, or when theirs has gone.
    if (note && bare) draft.note = true
    else if (!empty && draft.empty) draft.note = note !== null
    draft.saved = 'clean'
    queue.mark(id, { has_draft: !draft.bare })
  }

  /** The conversation went out of scope. The words stay in this tab. */
  gone(id: string): void {
    const draft = this.#drafts.get(id)
    if (draft && !draft.bare) draft.gone = true
  }

  /** It can be seen again: what was written meanwhile goes back to the server. */
  back(id: string): void {
    const draft = this.#drafts.get(id)
    if (!draft?.gone) return
    draft.gone = false
    this.changed(id)
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
      const { text, attachments, note } = draft.first
      const above = headingBody(headingOf(draft.first))
      const sent = draft.bare ? null : print(draft.first)
      if (draft.bare) await api.dropDraft(id)
      else await api.saveDraft(id, { text, attachments: attachments.map((a) => a.id), note, ...above })
      draft.noteIsLocal = !note && draft.hasNote
      draft.known = sent
      if ((draft.saved as string) === 'saving') {
        draft.saved = draft.bare ? 'clean' : 'saved'
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

  #answersName(id: string): string {
    return `${session.me?.id ?? 'nobody'}.answers.${id}`
  }

  #noteName(id: string): string {
    return `${session.me?.id ?? 'nobody'}.note.${id}`
  }

  #name(id: string): string {
    return `${session.me?.id ?? 'nobody'}.draft.${id}`
  }
}

export const drafts = new Drafts()
