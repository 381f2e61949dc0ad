// Asks for the menu of a thing: a long press, a right click, the context-menu key. One listener for a whole list.
// A press that moves or scrolls is no long press. Knows nothing of what the menu holds.

const LONG_MS = 450
const STILL_PX = 10

export interface Point {
  x: number
  y: number
}
export type Held = (element: HTMLElement, at: Point, touch: boolean) => void

/** `find` names the thing for what was touched; null leaves it to the browser. */
export function hold(find: (target: Element, keyboard: boolean) => HTMLElement | null, held: Held) {
  return (node: HTMLElement): (() => void) => {
    let timer: ReturnType<typeof setTimeout> | undefined
    let from: Point = { x: 0, y: 0 }
    /** The menu is open for the press that still goes on: its click and its context menu are no news. */
    let done = false

    const stop = () => {
      clearTimeout(timer)
      timer = undefined
    }
    const down = (event: PointerEvent) => {
      stop()
      done = false
      if (event.pointerType !== 'touch' || !event.isPrimary) return
      const thing = find(event.target as Element, false)
      if (!thing) return
      from = { x: event.clientX, y: event.clientY }
      timer = setTimeout(() => {
        done = true
        held(thing, from, true)
      }, LONG_MS)
    }
    const move = (event: PointerEvent) => {
      if (timer && Math.hypot(event.clientX - from.x, event.clientY - from.y) > STILL_PX) stop()
    }
    const menu = (event: MouseEvent) => {
      stop()
      if (done) return event.preventDefault()
      const { pointerType } = event as PointerEvent
      const keyboard = event.button !== 2 && pointerType !== 'touch'
      const thing = find(event.target as Element, keyboard)
      // A selection is for the browser's own menu, and so is whatever Shift asks for.
      const selection = getSelection()
      const selected = selection && !selection.isCollapsed && thing?.contains(selection.anchorNode)
      if (!thing || event.shiftKey || (selected && !keyboard)) return
      event.preventDefault()
      done = pointerType === 'touch'
      const box = thing.getBoundingClientRect()
      const at = keyboard
        ? { x: document.documentElement.dir === 'rtl' ? box.right - 24 : box.left + 24, y: box.top + 24 }
        : { x: event.clientX, y: event.clientY }
      held(thing, at, pointerType === 'touch')
    }
    const click = (event: MouseEvent) => {
      if (!done) return
      done = false
      event.preventDefault()
      event.stopPropagation()
    }

    const listeners: [string, (event: never) => void][] = [
      ['pointerdown', down],
      ['pointermove', move],
      ['pointerup', stop],
      ['pointercancel', stop],
      ['scroll', stop],
      ['contextmenu', menu],
    ]
    for (const [name, listener] of listeners)
      node.addEventListener(name, listener as EventListener, { passive: name !== 'contextmenu' })
    node.addEventListener('click', click, { capture: true })
    return () => {
      stop()
      for (const [name, listener] of listeners) node.removeEventListener(name, listener as EventListener)
      node.removeEventListener('click', click, { capture: true })
    }
  }
}
