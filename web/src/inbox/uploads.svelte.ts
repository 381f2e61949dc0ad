// Files on their way up for one composer: checked before anything leaves, with progress and a way to stop.
import { upload } from '../api/calls'
import { Problem } from '../api/http'
import type { Attachment, Capabilities } from '../api/types'
import { t } from '../text/index.svelte'
import { size } from '../text/format'
import { takes } from './files'

export interface Upload {
  id: number
  name: string
  share: number
  stop: () => void
}

export class Uploads {
  list = $state<Upload[]>([])
  problem = $state<string | null>(null)
  #next = 1

  constructor(readonly done: (attachment: Attachment) => void) {}

  /** `limits` is what the channel carries; null for a note, which stays here. */
  take(files: File[], limits: Capabilities | null, channel: string): void {
    this.problem = null
    for (const file of files) {
      if (limits && limits.attachment_limit !== null && file.size > limits.attachment_limit) {
        this.problem = t.tooLarge(file.name, size(file.size), size(limits.attachment_limit))
        continue
      }
      if (limits && !takes(limits, file.type || 'application/octet-stream')) {
        this.problem = t.wrongType(file.name, channel)
        continue
      }
      void this.#up(file)
    }
  }

  async #up(file: File): Promise<void> {
    const abort = new AbortController()
    const id = this.#next++
    this.list = [...this.list, { id, name: file.name, share: 0, stop: () => abort.abort() }]
    const progress = (share: number) => {
      this.list = this.list.map((u) => (u.id === id ? { ...u, share } : u))
    }
    try {
      this.done(await upload(file, progress, abort.signal))
    } catch (error) {
      if (error instanceof DOMException && error.name === 'AbortError') return
      const limit = error instanceof Problem ? error.body['limit'] : undefined
      this.problem =
        typeof limit === 'number' ? t.tooLarge(file.name, size(file.size), size(limit)) : t.uploadFailed(file.name)
    } finally {
      this.list = this.list.filter((u) => u.id !== id)
    }
  }
}
