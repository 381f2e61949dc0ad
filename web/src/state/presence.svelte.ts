// Who else is at a conversation, and telling the bridge that we are. The one thing that this page says by itself: one
// small request when a conversation was opened and looked at, one every ten seconds after that, none while the page is
// hidden, nothing is open or nobody moved for a while.
import { conversations as api } from '../api/calls'
import type { PresentPerson } from '../api/types'
import { session } from './session.svelte'
import { SvelteMap } from 'svelte/reactivity'

/** Before that it was only passed by. */
const LOOKED_AT = 400
const BEAT = 10_000
/** The bridge tells anew at every beat: who was not told for so long has gone. */
const STALE = 17_000
/** Whoever wrote nothing for so long looks on. */
const PAUSE = 15_000
/** Whoever did nothing at all for so long is not here. */
const AWAY = 120_000

class Presence {
  #told = new SvelteMap<string, { people: PresentPerson[]; until: number }>()
  #window = Math.random().toString(36).slice(2, 12)
  #at: string | null = null
  #said: 'viewing' | 'replying' | null = null
  #wrote = 0
  #moved = Date.now()
  #timer: ReturnType<typeof setTimeout> | undefined
  #sweep: ReturnType<typeof setTimeout> | undefined

  start(): void {
    for (const name of ['pointerdown', 'pointermove', 'keydown', 'wheel'])
      addEventListener(
        name,
        () => {
          const away = Date.now() - this.#moved > AWAY
          this.#moved = Date.now()
          if (away && this.#at && this.#said === null) this.#schedule(LOOKED_AT)
        },
        { passive: true },
      )
    addEventListener('pagehide', () => this.#leave())
  }

  /** The colleagues who are at it, without oneself. */
  others(id: string): PresentPerson[] {
    return this.#told.get(id)?.people.filter((one) => one.id !== session.me?.id) ?? []
  }

  /** What is open and can be seen now, or null. */
  enter(id: string | null): void {
    if (id === this.#at) return
    this.#leave()
    this.#at = id
    this.#wrote = 0
    if (id) this.#schedule(LOOKED_AT)
  }

  /** A reply is being written in what is open. */
  writes(id: string): void {
    if (id !== this.#at) return
    this.#wrote = Date.now()
    if (this.#said !== 'replying') void this.#beat()
  }

  /** It was sent, or thrown away. */
  rests(id: string): void {
    if (id !== this.#at) return
    this.#wrote = 0
    if (this.#said === 'replying') void this.#beat()
  }

  take(id: string, people: PresentPerson[]): void {
    if (people.length === 0) this.#told.delete(id)
    else this.#told.set(id, { people, until: Date.now() + STALE })
    clearTimeout(this.#sweep)
    if (this.#told.size > 0) this.#sweep = setTimeout(() => this.#forget(), STALE + 100)
  }

  clear(): void {
    clearTimeout(this.#timer)
    this.#at = this.#said = null
    this.#told.clear()
  }

  #forget(): void {
    for (const [id, { until }] of this.#told) if (until < Date.now()) this.#told.delete(id)
    if (this.#told.size > 0) this.#sweep = setTimeout(() => this.#forget(), STALE)
  }

  #schedule(after: number): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.#beat(), after)
  }

  async #beat(): Promise<void> {
    const id = this.#at
    clearTimeout(this.#timer)
    if (!id || session.status !== 'in') return
    if (Date.now() - this.#moved > AWAY) return this.#leave()
    this.#said = Date.now() - this.#wrote < PAUSE ? 'replying' : 'viewing'
    this.#schedule(BEAT)
    try {
      const { people } = await api.presence(id, this.#said, this.#window)
      if (id === this.#at) this.take(id, people)
    } catch {
      // Whether colleagues see us here is worth no word: it is said again in a moment.
    }
  }

  #leave(): void {
    clearTimeout(this.#timer)
    if (this.#at && this.#said) void api.presence(this.#at, 'gone', this.#window).catch(() => undefined)
    this.#said = null
  }
}

export const presence = new Presence()
