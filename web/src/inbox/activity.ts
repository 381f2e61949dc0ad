// One sentence for each kind of activity. An unknown kind says that something changed, and breaks nothing.
import type { DecisionAct, Message, Named } from '../api/types'
import { session } from '../state/session.svelte'
import { t } from '../text/index.svelte'
import { dayAndTime } from '../text/format'

/** Never "undefined": a bare id is looked up among the associates, and is a colleague where it is not known. */
function nameOf(who: Named | string, me: string, says: typeof t.within = t): string {
  const { id, name } = typeof who === 'string' ? { id: who, name: null } : who
  return id === me ? says.you : (name ?? session.nameOf(id) ?? says.aColleague)
}

function takenBack(act: DecisionAct): (by: string) => string {
  if (act === 'assign' || act === 'transfer' || act === 'snooze' || act === 'wake')
    return t.together.activity.taken_back[act]
  return t.apart.activity.taken_back[act]
}

export function activityText(m: Message, me: string, team: string | null): string {
  const a = m.activity
  if (!a) return t.activity.other
  const by = a.by ? nameOf(a.by, me) : (m.author.name ?? t.somebody)
  switch (a.type) {
    case 'assigned':
      if (a.assignee) {
        const byId = typeof a.by === 'string' ? a.by : a.by?.id
        if (a.assignee.id === byId) return t.activity.took(by)
        return t.activity.assigned(by, nameOf(a.assignee, me, t.within))
      }
      return team ? t.activity.toTeam(by, team) : t.activity.toQueue(by)
    case 'routed': {
      const says = t.routing.activity
      if (!a.assignee) return team ? says.routedTeam(team) : says.routedQueue
      const to = nameOf(a.assignee, me, t.within)
      return a.stands_in ? says.routedFor(to, nameOf(a.stands_in, me, t.within)) : says.routed(to)
    }
    case 'handed_back':
      return t.routing.activity.handed_back(
        a.from ? nameOf(a.from, me, t.within) : t.within.aColleague,
        a.assignee ? nameOf(a.assignee, me, t.within) : t.within.aColleague,
      )
    case 'overdue':
    case 'left':
      return t.routing.activity[a.type](a.from ? nameOf(a.from, me, t.within) : t.within.aColleague)
    case 'waived':
      return t.activity.waived(by, t.waiveReasons[a.reason ?? 'other'] ?? a.reason ?? '')
    case 'reopened':
      return a.by ? t.activity.reopened(by) : t.activity.reopenedAlone
    case 'suspected':
    case 'not_suspected':
    case 'owed':
      return t.apart.activity[a.type](by)
    case 'taken_back':
      return takenBack(a.act ?? 'waive')(by)
    case 'transferred':
      return t.together.activity.transferred(
        by,
        a.assignee ? nameOf(a.assignee, me, t.within) : (team ?? t.anotherTeam),
      )
    case 'snoozed':
      return t.together.activity[a.late ? 'snoozedLate' : 'snoozed'](by, a.until ? dayAndTime(a.until) : '')
    case 'woken':
      return a.by ? t.together.activity.woken(by) : t.together.activity.wokenAlone
    case 'closed':
    case 'blocked':
    case 'unblocked':
    case 'undone':
    case 'set_aside':
    case 'new_owner':
    case 'new_owner_undone':
      return t.activity[a.type](by)
    case 'merged':
    case 'parted':
    case 'shared':
    case 'unshared':
      return t.identity.activity[a.type](by)
    case 'linked':
      return t.identity.activity.linked
    case 'code_refused':
      return t.identity.codeRefused[a.why ?? ''] ?? t.identity.codeRefusedOther
    case 'came_by': {
      const known = a.associate ? nameOf(a.associate, me, t.within) : t.somebody
      return a.associate?.id === me ? t.ways.cameByYou : t.ways.cameBy(known)
    }
    case 'came_by_ended':
      return t.ways.cameByEnded(a.associate ? nameOf(a.associate, me, t.within) : t.somebody)
    case 'opted_out':
    case 'opted_in':
    case 'gap':
    case 'bot_silent':
    case 'announced':
      return t.activity[a.type]
    default:
      return t.activity.other
  }
}
