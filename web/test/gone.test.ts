// A conversation goes out of one's scope while one writes: the words stay on the screen.
import { render, screen } from '@testing-library/svelte'
import userEvent from '@testing-library/user-event'
import { beforeEach, expect, test, vi } from 'vitest'
import { conversations as api } from '../src/api/calls'
import { Problem } from '../src/api/http'
import Thread from '../src/inbox/Thread.svelte'
import { conversations } from '../src/state/conversations.svelte'
import { drafts } from '../src/state/drafts.svelte'
import { queue } from '../src/state/queue.svelte'
import { session } from '../src/state/session.svelte'
import { me, summary } from './samples'

beforeEach(() => {
  vi.restoreAllMocks()
  localStorage.clear()
  drafts.end()
  conversations.clear()
  queue.clear()
  session.me = me
  session.status = 'in'
  vi.spyOn(api, 'saveDraft').mockResolvedValue()
})

test('a colleague took it while an answer was written: it says who, and the words can be copied', async () => {
  const user = userEvent.setup()
  conversations.get('cv_1')
  queue.take(summary({ assignee: { id: 'as_other', name: 'Noor' } }), 1)
  drafts.of('cv_1').reply = 'A long answer'
  drafts.changed('cv_1')
  render(Thread, { id: 'cv_1', view: 'mine' })
  conversations.drop('cv_1')
  queue.drop('cv_1')
  drafts.of('cv_1').saved = 'saved'
  drafts.fromServer('cv_1', null)
  expect(await screen.findByText('Noor looks after this now')).toBeInTheDocument()
  expect(screen.getByText('A long answer')).toBeInTheDocument()
  await user.click(screen.getByRole('button', { name: 'Copy' }))
  expect(await navigator.clipboard.readText()).toBe('A long answer')
})

test('one that was never to be seen says so, and keeps nothing', async () => {
  vi.spyOn(api, 'open').mockRejectedValue(new Problem(404, 'not_found', '', {}))
  await conversations.get('cv_1').load()
  render(Thread, { id: 'cv_1', view: 'mine' })
  expect(screen.getByText('Not yours to see, or gone')).toBeInTheDocument()
  expect(screen.queryByRole('button', { name: 'Copy' })).toBeNull()
})
