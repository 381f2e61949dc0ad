// One EventSource with a memory: reconnects after the last sequence it saw, and says how it stands.
// Runs inside the shared worker, or in the page where a browser has none. Reads no event's meaning.
import { LIVE_EVENTS } from '../api/types'
import type { StreamState, ToTab } from './protocol'

const URL_EVENTS = '/api/v1/events'

export class Source {
  state: StreamState = 'closed'
  seq = 0
  #events: EventSource | undefined
  #timer: ReturnType<typeof setTimeout> | undefined
  #failures = 0

  constructor(readonly tell: (message: ToTab) => void) {}

  open(): void {
    if (this.#events || this.#timer) return
    this.#connect()
  }

  retry(): void {
    if (this.state === 'live') return
    this.#drop()
    this.#connect()
  }

  close(): void {
    this.#drop()
    this.seq = 0
    this.#failures = 0
    this.#become('closed')
  }

  #connect(): void {
    this.#timer = undefined
    this.#become('connecting')
    const events = new EventSource(this.seq > 0 ? `${URL_EVENTS}?after=${this.seq}` : URL_EVENTS)
    this.#events = events
    for (const name of LIVE_EVENTS) {
      events.addEventListener(name, (event) => {
        const { data, lastEventId } = event as MessageEvent<string>
        const told = Number(lastEventId) || (name === 'hello' ? Number(JSON.parse(data).seq) : 0)
        if (told > this.seq) this.seq = told
        this.#failures = 0
        if (this.state !== 'live') this.#become('live')
        this.tell({ type: 'event', name, seq: this.seq, data })
      })
    }
    events.onerror = () => {
      // CONNECTING: the browser tries again by itself, with Last-Event-ID. CLOSED: it was refused, and we must.
      if (events.readyState !== EventSource.CLOSED) {
        this.#become('connecting')
        return
      }
      this.#drop()
      this.#become('refused')
      const wait = Math.min(15_000, 1_000 * 2 ** this.#failures++)
      this.#timer = setTimeout(() => this.#connect(), wait)
    }
  }

  #drop(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#events?.close()
    this.#events = undefined
  }

  #become(state: StreamState): void {
    this.state = state
    this.tell({ type: 'state', state, seq: this.seq })
  }
}
