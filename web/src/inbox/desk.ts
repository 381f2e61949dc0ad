// What can be done with colleagues over one conversation, as choices of a menu, and what choosing one does.
import type { Summary } from '../api/types'
import { isSnoozed } from '../state/queue.svelte'
import { screen } from '../state/screen.svelte'
import { wake } from '../state/together'
import { t } from '../text/index.svelte'
import type { Choice } from '../ui/menu'

export const canSnooze = (s: Summary | undefined): boolean => s?.state === 'open' && !s.suspected

export function deskChoices(s: Summary): Choice[] {
  const list: Choice[] = [{ id: 'transfer', label: t.together.transfer, icon: 'forward' }]
  if (canSnooze(s)) list.push({ id: 'snooze', label: t.together.snooze, icon: 'clock', key: 'snooze' })
  if (isSnoozed(s)) list.push({ id: 'wake', label: t.together.wake, icon: 'inbox' })
  return list
}

/** Does it; false for a choice of another kind. */
export function deskBy(s: Summary, id: string): boolean {
  if (id === 'transfer') screen.transferring = s.id
  else if (id === 'snooze') screen.snoozing = [s.id]
  else if (id === 'wake') void wake([s.id])
  else return false
  return true
}
