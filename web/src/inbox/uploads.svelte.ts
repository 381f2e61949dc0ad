// Files on their way up for one composer: checked before anything leaves, with progress and a way to stop.
// Each keeps its place and its side: they are handed over in the order they were picked in, to what they were picked for.
import { upload } from '../api/calls'
import { Problem } from '../api/http'
import type { Attachment, Capabilities } from '../api/types'
import { t } from '../text/index.svelte'
import { size } from '../text/format'
import { kinds } from './can'
import { takes } from './files'

export interface Upload {
  id: number
  name: string
  share: number
  /** Picked for a note: a file for the team must not turn up in the answer. */
  note: boolean
  /** What became of it, while one that was picked before it is still under way. */
  done: Attachment | null
  stop: () => void
}

export class Uploads {
  list = $state.raw<Upload[]>([])
  /** One sentence for each file that was refused or failed. */
  problems = $state.raw<string[]>([])
  #next = 1

  constructor(readonly done: (attachment: Attachment, note: boolean) => void) {}

  /** `limits` is what the channel carries; null for a note, which stays here. */
  take(files: File[], limits: Capabilities | null, channel: string, note: boolean): void {
    this.problems = []
    for (const file of files) {
      const problem = refused(file, limits, channel)
      if (problem) this.problems = [...this.problems, problem]
      else void this.#up(file, note)
    }
  }

  async #up(file: File, note: boolean): Promise<void> {
    const abort = new AbortController()
    const id = this.#next++
    const change = (now: Partial<Upload>) => {
      this.list = this.list.map((u) => (u.id === id ? { ...u, ...now } : u))
    }
    const stop = () => {
      abort.abort()
      this.#settle(id)
    }
    this.list = [...this.list, { id, name: file.name, share: 0, note, done: null, stop }]
    try {
      change({ done: await upload(file, (share) => change({ share }), abort.signal) })
      this.#settle()
    } catch (error) {
      this.#settle(id)
      if (error instanceof DOMException && error.name === 'AbortError') return
      const limit = error instanceof Problem ? error.body['limit'] : undefined
      const problem =
        typeof limit === 'number' ? t.tooLarge(file.name, size(file.size), size(limit)) : t.uploadFailed(file.name)
      this.problems = [...this.problems, problem]
    }
  }

  /** Hands over what is up and has nothing under way before it on its side. `gone` comes to nothing. */
  #settle(gone?: number): void {
    const stays: Upload[] = []
    for (const u of this.list) {
      if (u.id === gone) continue
      if (u.done && !stays.some((before) => before.note === u.note)) this.done(u.done, u.note)
      else stays.push(u)
    }
    this.list = stays
  }
}

function refused(file: File, limits: Capabilities | null, channel: string): string | null {
  if (file.size === 0) return t.emptyFile(file.name)
  if (!limits) return null
  if (limits.attachment_limit !== null && file.size > limits.attachment_limit)
    return t.tooLarge(file.name, size(file.size), size(limits.attachment_limit))
  if (takes(limits, file.type || 'application/octet-stream')) return null
  return `${t.wrongType(file.name, channel)} ${t.chat.onlyTypes(kinds(limits.attachment_types))}`
}
