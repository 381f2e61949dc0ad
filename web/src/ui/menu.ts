// What a menu's choice is, and the keys by which one moves in it. The menus that open and close are components.
import type { ShortcutId } from '../keys/table'
import type { IconName } from './icons'

export interface Choice {
  id: string
  label: string
  hint?: string
  icon?: IconName
  current?: boolean
  disabled?: boolean
  face?: { id: string; name: string }
  /** The shortcut that does the same. */
  key?: ShortcutId
  /** A second level: these take the place of the first. */
  more?: Choice[]
}

export const itemsOf = (menu: HTMLElement | undefined): HTMLButtonElement[] => [
  ...(menu?.querySelectorAll<HTMLButtonElement>('[role="menuitem"]:not([aria-disabled="true"])') ?? []),
]

/** Arrows, Home, End and first letters move; true where the key was one of these. */
export function moveBy(event: KeyboardEvent, list: HTMLButtonElement[]): boolean {
  const at = list.indexOf(document.activeElement as HTMLButtonElement)
  const go = (i: number) => list[(i + list.length) % list.length]?.focus()
  if (event.key === 'ArrowDown') go(at + 1)
  else if (event.key === 'ArrowUp') go(at < 0 ? -1 : at - 1)
  else if (event.key === 'Home') go(0)
  else if (event.key === 'End') go(-1)
  else if (event.key.length === 1 && event.key !== ' ' && !event.ctrlKey && !event.metaKey) {
    const letter = event.key.toLocaleLowerCase()
    const rest = [...list.slice(at + 1), ...list.slice(0, at + 1)]
    rest.find((item) => item.textContent?.trim().toLocaleLowerCase().startsWith(letter))?.focus()
  } else return false
  event.preventDefault()
  event.stopPropagation()
  return true
}
