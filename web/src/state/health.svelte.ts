// How the inboxes are: loaded once, then kept up by the live stream. Shown in the rail and on the health page.
import { inboxes as api } from '../api/calls'
import type { BotState, Health, InboxHealth, Summary } from '../api/types'

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
  /** The conversations in which something did not arrive, or nobody knows. */
  unsettled = $state.raw<Summary[]>([])
  /** The bot's switch for all inboxes. */
  bot = $state.raw<BotState | null>(null)
  loaded = $state(false)
  failed = $state(false)

  async load(): Promise<void> {
    try {
      const [inboxes, bot] = await Promise.all([api.list(), api.bot()])
      this.list = inboxes.items
      this.unsettled = inboxes.unsettled ?? []
      this.bot = bot
      this.loaded = true
      this.failed = false
    } catch {
      this.failed = true
    }
  }

  take(id: string, health: Health): void {
    this.list = this.list.map((inbox) => (inbox.id === id ? { ...inbox, health } : inbox))
  }

  takeBot(id: string | null, bot: BotState): void {
    if (id === null) this.bot = bot
    else this.list = this.list.map((inbox) => (inbox.id === id ? { ...inbox, bot } : inbox))
  }

  /** Throws the bot's switch of an inbox, or with null the one for all. */
  async switchBot(id: string | null, enabled: boolean): Promise<void> {
    this.takeBot(id, await api.switchBot(id, enabled))
  }

  clear(): void {
    this.list = []
    this.unsettled = []
    this.bot = null
    this.loaded = false
  }
}

export const health = new HealthState()
