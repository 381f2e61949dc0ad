// Who a conversation can be given to, as choices of a menu, and what choosing one does.
import type { Summary } from '../api/types'
import { acts } from '../state/acts'
import { session } from '../state/session.svelte'
import { t } from '../text/index.svelte'
import type { Choice } from '../ui/menu'

const OF_ASSOCIATE = 'associate:'
const OF_TEAM = 'team:'
const QUEUE = 'queue'

export function assignees(s: Summary): Choice[] {
  const me = session.me
  const list: Choice[] = []
  if (me && s.assignee?.id !== me.id)
    list.push({ id: OF_ASSOCIATE + me.id, label: t.takeIt, face: { id: me.id, name: me.name } })
  for (const a of me?.associates ?? [])
    if (a.active && a.id !== me?.id)
      list.push({ id: OF_ASSOCIATE + a.id, label: a.name, face: a, current: s.assignee?.id === a.id })
  for (const team of me?.teams_all ?? [])
    list.push({
      id: OF_TEAM + team.id,
      label: t.inTeam(team.name),
      icon: 'users',
      current: !s.assignee && s.team === team.id,
    })
  if (s.assignee) list.push({ id: QUEUE, label: t.toNobody, icon: 'inbox' })
  return list
}

/** Does what one of these choices says; false where the choice is none of them. */
export function assignBy(s: Summary, choice: string): boolean {
  if (choice.startsWith(OF_ASSOCIATE)) void acts.assign(s.id, choice.slice(OF_ASSOCIATE.length), s.team)
  else if (choice.startsWith(OF_TEAM)) void acts.assign(s.id, null, choice.slice(OF_TEAM.length))
  else if (choice === QUEUE) void acts.assign(s.id, null, s.team)
  else return false
  return true
}
