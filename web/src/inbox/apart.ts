// What can be said of one conversation that stands apart from the queue, or should: as choices of a menu.
import type { Summary } from '../api/types'
import { decide } from '../state/decisions'
import { t } from '../text/index.svelte'
import type { Choice } from '../ui/menu'

export function apartChoices(s: Summary): Choice[] {
  if (s.state === 'automatic') return [{ id: 'owe', label: t.apart.owe, icon: 'inbox' }]
  if (s.state !== 'open') return []
  return s.suspected
    ? [{ id: 'release', label: t.apart.release, icon: 'shieldok' }]
    : [{ id: 'suspect', label: t.apart.suspect, icon: 'shield' }]
}

/** Does it; false for a choice of another kind. */
export function apartBy(s: Summary, id: string): boolean {
  if (id !== 'owe' && id !== 'release' && id !== 'suspect') return false
  void decide(id, [s.id])
  return true
}
