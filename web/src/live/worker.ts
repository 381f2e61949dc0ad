// The shared worker: holds the one event stream of this browser and passes each event to every tab.
// Must not read what an event means. The tabs' side is stream.svelte.ts; both speak the words of protocol.ts.
import { Source } from './source'
import type { FromTab, ToTab } from './protocol'

const ports = new Set<MessagePort>()
const tell = (message: ToTab) => ports.forEach((port) => port.postMessage(message))
const source = new Source(tell)

/** The one thing of a shared worker's scope that is used; the DOM's types don't name it. */
interface SharedScope {
  onconnect: (event: MessageEvent) => void
}

;(self as unknown as SharedScope).onconnect = (event) => {
  const port = event.ports[0]
  if (!port) return
  port.onmessage = ({ data }: MessageEvent<FromTab>) => {
    if (data === 'open') {
      ports.add(port)
      source.open()
      port.postMessage({ type: 'state', state: source.state, seq: source.seq } satisfies ToTab)
    } else if (data === 'retry') {
      source.retry()
    } else {
      ports.delete(port)
      if (data === 'close' || ports.size === 0) source.close()
    }
  }
  port.start()
}
