// One sentence for each kind of activity. An unknown kind says that something changed, and breaks nothing.
import type { Message } from '../api/types'
import { t } from '../text/index.svelte'

export function activityText(m: Message, me: string, team: string | null): string {
  const a = m.activity
  if (!a) return t.activity.other
  const by = a.by ? (a.by.id === me ? t.you : a.by.name) : (m.author.name ?? t.somebody)
  switch (a.type) {
    case 'assigned':
      if (a.assignee) {
        if (a.by && a.assignee.id === a.by.id) return t.activity.took(by)
        return t.activity.assigned(by, a.assignee.id === me ? t.you : a.assignee.name)
      }
      return team ? t.activity.toTeam(by, team) : t.activity.toQueue(by)
    case 'waived':
      return t.activity.waived(by, t.waiveReasons[a.reason ?? 'other'] ?? a.reason ?? '')
    case 'reopened':
      return a.by ? t.activity.reopened(by) : t.activity.reopenedAlone
    case 'closed':
    case 'blocked':
    case 'unblocked':
    case 'undone':
    case 'new_owner':
    case 'new_owner_undone':
      return t.activity[a.type](by)
    case 'opted_out':
    case 'opted_in':
    case 'gap':
    case 'bot_silent':
      return t.activity[a.type]
    default:
      return t.activity.other
  }
}
