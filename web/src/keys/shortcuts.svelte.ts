// Listens for shortcuts and calls what the open screen registered for them. Single keys are inert while somebody
// types or a dialog is open. Which keys there are is table.ts's; what they do is the screens'.
import { prefs } from '../state/prefs.svelte'
import { keysOf, SHORTCUTS, strokeOf, type ShortcutId } from './table'

type Act = () => void
const SEQUENCE_MS = 1_200

class Shortcuts {
  helpOpen = $state(false)
  #acts = new Map<ShortcutId, Act[]>()
  #pending = ''
  #timer: ReturnType<typeof setTimeout> | undefined

  start(): void {
    addEventListener('keydown', (event) => this.press(event))
  }

  /** Registers acts; the last one registered for an id counts. Returns what takes them away again. */
  on(acts: Partial<Record<ShortcutId, Act>>): () => void {
    const entries = Object.entries(acts) as [ShortcutId, Act][]
    for (const [id, act] of entries) this.#acts.set(id, [...(this.#acts.get(id) ?? []), act])
    return () => {
      for (const [id, act] of entries)
        this.#acts.set(
          id,
          (this.#acts.get(id) ?? []).filter((other) => other !== act),
        )
    }
  }

  run(id: ShortcutId): boolean {
    const act = this.#acts.get(id)?.at(-1)
    act?.()
    return act !== undefined
  }

  press(event: KeyboardEvent): void {
    if (event.defaultPrevented || event.isComposing) return
    const stroke = strokeOf(event)
    if (stroke === '') return
    const typing = isTyping(event.target)
    if (document.querySelector('dialog[open], [popover][data-open]')) return
    const sequence = this.#pending ? `${this.#pending} ${stroke}` : stroke
    this.#pending = ''
    clearTimeout(this.#timer)
    for (const shortcut of SHORTCUTS) {
      const single = !shortcut.typing
      if (typing && single) continue
      if (single && !prefs.keysOn) continue
      for (const keys of keysOf(shortcut, prefs.keymap)) {
        if (keys === sequence) {
          // Enter on a control is that control's own.
          if (stroke === 'Enter' && isControl(event.target)) return
          if (this.run(shortcut.id)) event.preventDefault()
          return
        }
        if (!typing && keys.startsWith(`${sequence} `)) {
          this.#pending = sequence
          this.#timer = setTimeout(() => (this.#pending = ''), SEQUENCE_MS)
        }
      }
    }
  }
}

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false
  if (target.isContentEditable || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement)
    return true
  return target instanceof HTMLInputElement && !['checkbox', 'radio', 'button', 'submit', 'file'].includes(target.type)
}

function isControl(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest('button, a[href]:not(.row), summary, input') !== null
}

export const shortcuts = new Shortcuts()
