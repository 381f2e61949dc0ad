// What the parts of the inbox screen tell each other: who wants to write where, which menu a key opened.
import type { Point } from '../ui/hold'

/** What a menu was asked for: a conversation of the list, or one message of it. */
export interface HeldThing {
  conversation: string
  message: string | null
  element: HTMLElement
  at: Point
  touch: boolean
}

class Screen {
  /** A key asked for the composer, perhaps to answer one message; the composer takes it and sets it back. */
  write = $state.raw<{ conversation: string; note: boolean; answers?: string } | null>(null)
  assignOpen = $state(false)
  /** Somebody says until when these are put off. */
  snoozing = $state.raw<string[] | null>(null)
  /** Somebody hands this one over. */
  transferring = $state<string | null>(null)
  held = $state.raw<HeldThing | null>(null)
  /** The message whose header block somebody reads. */
  headersOf = $state<string | null>(null)
  /** Somebody says why no answer is needed; `given` is a reason that is known already, `seen` what they had seen then. */
  waiving = $state.raw<{ conversation: string; given: string; seen: number } | null>(null)
  /** Marked unread by hand while open: not marked read again until it is opened anew. */
  keptUnread = $state<string | null>(null)
  hidden = $state(document.visibilityState === 'hidden')
}

export const screen = new Screen()
