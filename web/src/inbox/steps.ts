// The steps of a decision about whose a conversation is, each as a sentence.
import type { Named, Step } from '../api/types'
import { session } from '../state/session.svelte'
import { dayAndTime, list } from '../text/format'
import { t } from '../text/index.svelte'

const called = (who: Named | null): string => who?.name || t.aColleague

export function stepText(s: Step): string {
  const says = t.routing.step
  const name = called(s.associate)
  const team = s.team ? (session.teamName(s.team) ?? s.team) : ''
  const back = s.back_at ? ` ${says.back(dayAndTime(s.back_at))}` : ''
  switch (s.type) {
    case 'knows':
      return s.chosen ? says.knows_chosen(name) : says.knows(name, s.conversations ?? 0)
    case 'back_soon':
      return says.back_soon(name, s.back_at ? dayAndTime(s.back_at) : '')
    case 'away':
      return (s.absent ? says.absent(name) : says.off(name)) + back
    case 'stands_in':
      return says.stands_in(name, called(s.away))
    case 'rule':
      return says.rule(s.rule ?? '', team)
    case 'team':
    case 'team_queue':
      return says[s.type](team)
    case 'least_loaded':
      return says.least_loaded(name, s.load ?? 0) + (s.skills.length > 0 ? ` ${says.skills(list(s.skills))}` : '')
    case 'overdue':
      return s.associate ? says.overdue(name) : says.overdue_nobody
    case 'keeps_it':
    case 'does_not_serve':
    case 'hands_back':
    case 'left':
      return says[s.type](name)
    case 'several_read':
    case 'held':
    case 'unassigned':
      return says[s.type]
    default:
      return t.activity.other
  }
}
