// Whether the bridge can be reached: the browser's word, the live stream's, and the last request's, taken together.
// Who waits for the line (outbox, drafts) registers here and is called when it is back. Makes no request by itself.
import { untrack } from 'svelte'
import { onAnswer } from '../api/http'
import { stream } from '../live/stream.svelte'

class Line {
  #browser = $state(typeof navigator === 'undefined' ? true : navigator.onLine)
  #lost = $state(false)
  since = $state<number | null>(null)
  #waiters: (() => void)[] = []
  #timer: ReturnType<typeof setTimeout> | undefined

  start(): void {
    addEventListener('online', () => {
      this.#browser = true
      stream.retry()
      this.#back()
    })
    addEventListener('offline', () => {
      this.#browser = false
      this.#gone()
    })
    onAnswer((reached) => (reached ? this.#reached() : this.#gone()))
    stream.on('hello', () => this.#back())
    $effect.root(() => {
      $effect(() => {
        const state = stream.state
        clearTimeout(this.#timer)
        // A stream that reconnects at once is no news; one that does not in four seconds is.
        if (state === 'connecting' || state === 'refused') this.#timer = setTimeout(() => this.#gone(), 4_000)
        else if (state === 'live') untrack(() => this.#back())
      })
    })
  }

  get down(): boolean {
    return !this.#browser || this.#lost
  }

  whenBack(waiter: () => void): void {
    this.#waiters.push(waiter)
  }

  tryNow(): void {
    this.#browser = navigator.onLine
    stream.retry()
    this.#waiters.forEach((wake) => wake())
  }

  #gone(): void {
    this.#lost = true
    this.since ??= Date.now()
  }

  #reached(): void {
    if (this.#lost && stream.state === 'live') this.#back()
  }

  #back(): void {
    if (!this.#browser) return
    this.#lost = false
    this.since = null
    this.#waiters.forEach((wake) => wake())
  }
}

export const line = new Line()
