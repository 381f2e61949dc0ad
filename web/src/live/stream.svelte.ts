// The tab's end of the live stream: typed listeners, the last sequence seen, and whether the line stands.
// Owns the choice between the shared worker and an EventSource of its own. What events do is in state/live.svelte.ts.
import type { LiveEvents } from '../api/types'
import type { FromTab, StreamState, ToTab } from './protocol'
import { Source } from './source'

type Listeners = { [K in keyof LiveEvents]?: ((data: LiveEvents[K], seq: number) => void)[] }

class Stream {
  state = $state<StreamState>('closed')
  /** The highest sequence this tab has seen: what a later answer must not overwrite is newer than this. */
  seq = 0
  #listeners: Listeners = {}
  #send: ((message: FromTab) => void) | undefined

  on<K extends keyof LiveEvents>(name: K, listener: (data: LiveEvents[K], seq: number) => void): void {
    const list = (this.#listeners[name] ??= []) as ((data: LiveEvents[K], seq: number) => void)[]
    list.push(listener)
  }

  open(): void {
    this.#send ??= this.#attach()
    this.#send('open')
  }

  retry(): void {
    this.#send?.('retry')
  }

  /** The session is over, here or for every tab: another tab's stream may be the next person's by now. */
  close(everywhere: boolean): void {
    this.#send?.(everywhere ? 'close' : 'bye')
    this.seq = 0
    this.state = 'closed'
  }

  #attach(): (message: FromTab) => void {
    const take = (message: ToTab) => this.#take(message)
    if (typeof SharedWorker === 'function') {
      try {
        const worker = new SharedWorker(new URL('./worker.ts', import.meta.url), {
          type: 'module',
          name: 'rapport-live',
        })
        worker.port.onmessage = ({ data }: MessageEvent<ToTab>) => take(data)
        worker.port.start()
        addEventListener('pagehide', () => worker.port.postMessage('bye' satisfies FromTab))
        addEventListener('pageshow', (e) => {
          if (e.persisted) worker.port.postMessage('open' satisfies FromTab)
        })
        return (message) => worker.port.postMessage(message)
      } catch {
        // No shared workers here (a private window, an old browser): the page holds the stream itself.
      }
    }
    const source = new Source(take)
    return (message) => {
      if (message === 'open') source.open()
      else if (message === 'retry') source.retry()
      else source.close()
    }
  }

  #take(message: ToTab): void {
    if (message.seq > this.seq) this.seq = message.seq
    if (message.type === 'state') {
      this.state = message.state
      return
    }
    const data = JSON.parse(message.data) as never
    for (const listener of this.#listeners[message.name] ?? []) listener(data, message.seq)
  }
}

export const stream = new Stream()
