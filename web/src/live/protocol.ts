// The words between a tab and whoever holds the stream.
import type { LiveEvents } from '../api/types'

export type StreamState = 'closed' | 'connecting' | 'live' | 'refused'
export type FromTab = 'open' | 'retry' | 'close' | 'bye'
export type ToTab =
  | { type: 'state'; state: StreamState; seq: number }
  | { type: 'event'; name: keyof LiveEvents; seq: number; data: string }
