// What the parts of the inbox screen tell each other: who wants to write where, which menu a key opened.

class Screen {
  /** A key asked for the composer; the composer takes it and sets it back. */
  write = $state.raw<{ conversation: string; note: boolean } | null>(null)
  assignOpen = $state(false)
  /** Marked unread by hand while open: not marked read again until it is opened anew. */
  keptUnread = $state<string | null>(null)
  hidden = $state(document.visibilityState === 'hidden')
}

export const screen = new Screen()
