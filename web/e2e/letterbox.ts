// A bridge with a letterbox (examples/letterbox.rs): a test puts letters in, and they come through the real ingest.
import type { ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Span } from '../src/api/types'
import { start, test as base, type Bridge } from './bridge'

export interface Posted {
  from: { address: string; name?: string; proven?: boolean }
  thread?: string
  subject?: string
  text: string
  original?: string
  html?: string
  recipients?: { role: 'to' | 'cc'; address: string; name: string | null }[]
  marks?: string[]
  evidence?: string
  automatic?: boolean
  files?: { name: string; content_type: string; content_id?: string; base64: string }[]
  raw?: string
  /** A chat's message, or a reaction to one, and no letter. */
  chat?: {
    channel: string
    id?: string
    group?: boolean
    spans?: Span[]
    album?: string
    forwarded_from?: string
    answers?: string
    reacted_to?: string
    withheld?: string
  }
}

export class Letterbox {
  #waiting: { stored: () => void; refused: (reason: Error) => void }[] = []

  constructor(readonly child: ChildProcess) {
    if (!child.stdout) throw new Error('The letterbox says nothing')
    createInterface(child.stdout).on('line', (line) => {
      if (line.startsWith('Stored ')) this.#waiting.shift()?.stored()
      else if (line.startsWith('Refused ')) this.#waiting.shift()?.refused(new Error(line))
    })
  }

  /** Resolves when it is stored. */
  post(letter: Posted): Promise<void> {
    return new Promise((stored, refused) => {
      this.#waiting.push({ stored, refused })
      this.child.stdin?.write(`${JSON.stringify(letter)}\n`)
    })
  }
}

export const test = base.extend<object, { shared: Bridge; box: Letterbox; running: Awaited<ReturnType<typeof start>> }>(
  {
    running: [
      // eslint-disable-next-line no-empty-pattern
      async ({}, use) => {
        const running = await start(process.env['RAPPORT_LETTERBOX'] ?? '../target/debug/examples/letterbox', [])
        await use(running)
        await running.stop()
      },
      { scope: 'worker', timeout: 60_000 },
    ],
    shared: [({ running }, use) => use(running.bridge), { scope: 'worker' }],
    box: [({ running }, use) => use(new Letterbox(running.child)), { scope: 'worker' }],
  },
)
