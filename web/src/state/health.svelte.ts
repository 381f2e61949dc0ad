// How the inboxes are: loaded once, then kept up by the live stream. Shown in the rail and on the health page.
import { inboxes as api } from '../api/calls'
import type { Health, InboxHealth } from '../api/types'

export type Wellness = 'good' | 'warn' | 'bad' | 'off'

export function wellness(state: string): Wellness {
  switch (state.toLowerCase()) {
    case 'connected':
      return 'good'
    case 'starting':
    case 'degraded':
    case 'reconnecting':
      return 'warn'
    case 'stopped':
      return 'off'
    default:
      return 'bad'
  }
}

class HealthState {
  list = $state.raw<InboxHealth[]>([])
  loaded = $state(false)
  failed = $state(false)

  async load(): Promise<void> {
    try {
      this.list = (await api.list()).items
      this.loaded = true
      this.failed = false
    } catch {
      this.failed = true
    }
  }

  take(id: string, health: Health): void {
    this.list = this.list.map((inbox) => (inbox.id === id ? { ...inbox, health } : inbox))
  }

  clear(): void {
    this.list = []
    this.loaded = false
  }
}

export const health = new HealthState()
