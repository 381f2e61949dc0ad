// Short messages at the edge: what just happened (status) or what did not work (alert), with at most one action.
// A failure that needs a decision is shown where it happened and not here.

export interface Toast {
  id: number
  kind: 'status' | 'alert'
  text: string
  action?: { label: string; run: () => void; key?: string }
  /** Where a ring runs down: how long in all, and since when. */
  countdown?: { from: number; ms: number; text: (seconds: number) => string }
}

class Toasts {
  list = $state<Toast[]>([])
  #next = 1
  #timers = new Map<number, ReturnType<typeof setTimeout>>()

  show(toast: Omit<Toast, 'id'>, ms = 6_000): number {
    const id = this.#next++
    this.list = [...this.list.slice(-2), { ...toast, id }]
    this.#timers.set(
      id,
      setTimeout(() => this.drop(id), toast.countdown?.ms ?? ms),
    )
    return id
  }

  say(text: string, action?: Toast['action']): number {
    return this.show({ kind: 'status', text, ...(action ? { action } : {}) })
  }

  fail(text: string, action?: Toast['action']): number {
    return this.show({ kind: 'alert', text, ...(action ? { action } : {}) }, 12_000)
  }

  /** Runs the latest undo that is offered. Says whether there was one. */
  undo(): boolean {
    const toast = this.list.findLast((shown) => shown.action?.key === 'undo')
    if (!toast) return false
    this.drop(toast.id)
    toast.action?.run()
    return true
  }

  drop(id: number): void {
    clearTimeout(this.#timers.get(id))
    this.#timers.delete(id)
    this.list = this.list.filter((toast) => toast.id !== id)
  }
}

export const toasts = new Toasts()
