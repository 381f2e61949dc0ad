// Choosing several rows: one, a range, all that is shown; and that nothing stays chosen that left the list.
import { render, screen } from '@testing-library/svelte'
import userEvent from '@testing-library/user-event'
import { beforeEach, expect, test, vi } from 'vitest'
import { conversations, decisions } from '../src/api/calls'
import type { Summary } from '../src/api/types'
import Bulk from '../src/inbox/Bulk.svelte'
import QueueList from '../src/inbox/QueueList.svelte'
import { MOST, picked } from '../src/state/picked.svelte'
import { queue } from '../src/state/queue.svelte'
import { session } from '../src/state/session.svelte'
import { me, summary } from './samples'

const rows = (count: number, change: Partial<Summary> = {}) =>
  Array.from({ length: count }, (_, at) =>
    summary({
      id: `cv_${at}`,
      queue_at: at,
      contact: { id: `ct_${at}`, name: `Customer ${at}`, address: '' },
      ...change,
    }),
  )

async function fill(items: Summary[], view: 'mine' | 'suspected' | 'automatic' | 'closed' = 'mine') {
  const none = { items, next: null, counts: {} as never }
  vi.spyOn(conversations, 'page').mockResolvedValue(none)
  await queue.load(view)
}

beforeEach(() => {
  vi.restoreAllMocks()
  queue.clear()
  picked.clear()
  session.me = me
})

test('one and a range, in the order of the list, whichever end came first', async () => {
  await fill(rows(6))
  picked.toggle('cv_4')
  picked.to('mine', 'cv_2')
  expect(picked.in('mine')).toEqual(['cv_2', 'cv_3', 'cv_4'])
  picked.toggle('cv_3')
  expect(picked.in('mine')).toEqual(['cv_2', 'cv_4'])
  picked.clear()
  picked.to('mine', 'cv_5')
  expect(picked.in('mine')).toEqual(['cv_5'])
})

test('what leaves the view is no longer chosen, and no more than the bridge takes can be', async () => {
  await fill(rows(MOST + 5))
  picked.all('mine')
  expect(picked.in('mine')).toHaveLength(MOST)
  queue.take(summary({ id: 'cv_0', state: 'closed' }), 9)
  expect(picked.in('mine')).toHaveLength(MOST - 1)
})

test('boxes choose, Shift chooses what lies between, and a row opens as before', async () => {
  await fill(rows(5))
  const onrow = vi.fn((event: Event) => event.preventDefault())
  document.addEventListener('click', onrow)
  render(QueueList, { view: 'mine', open: null, cursor: null, oncursor: () => undefined })
  const user = userEvent.setup()
  await user.click(screen.getByRole('checkbox', { name: 'Choose Customer 1' }))
  await user.keyboard('{Shift>}')
  await user.click(screen.getByRole('checkbox', { name: 'Choose Customer 3' }))
  await user.keyboard('{/Shift}')
  expect(picked.in('mine')).toEqual(['cv_1', 'cv_2', 'cv_3'])
  expect(screen.getAllByRole('checkbox').map((box) => (box as HTMLInputElement).checked)).toEqual([
    false,
    true,
    true,
    true,
    false,
  ])
  onrow.mockClear()
  await user.click(screen.getByText('Customer 0'))
  expect(onrow).toHaveBeenCalled()
  expect(picked.in('mine')).toHaveLength(3)
  await user.keyboard('{Shift>}')
  onrow.mockClear()
  await user.click(screen.getByText('Customer 4'))
  await user.keyboard('{/Shift}')
  expect(onrow).not.toHaveBeenCalled()
  expect(picked.in('mine')).toEqual(['cv_1', 'cv_2', 'cv_3', 'cv_4'])
  document.removeEventListener('click', onrow)
})

test('what is closed has nothing to choose', async () => {
  await fill(rows(2, { state: 'closed' }), 'closed')
  render(QueueList, { view: 'closed', open: null, cursor: null, oncursor: () => undefined })
  expect(screen.getByText('Customer 1')).toBeInTheDocument()
  expect(screen.queryByRole('checkbox')).not.toBeInTheDocument()
})

test('the bar decides about all that is chosen, and what was left stays chosen', async () => {
  await fill(rows(3, { suspected: true }), 'suspected')
  picked.toggle('cv_0')
  const { rerender } = render(Bulk, { view: 'suspected', onclear: () => picked.clear() })
  await userEvent.click(screen.getByRole('button', { name: 'Choose all 3 shown' }))
  expect(screen.getByRole('status')).toHaveTextContent('3 chosen')
  const ask = vi.spyOn(decisions, 'decide').mockResolvedValue({
    undo: { id: 'dec_1', until: 0 },
    results: [
      { id: 'cv_0', verdict: 'done', conversation: summary({ id: 'cv_0' }) },
      { id: 'cv_1', verdict: 'newer_message', conversation: null },
      { id: 'cv_2', verdict: 'done', conversation: summary({ id: 'cv_2' }) },
    ],
  })
  await userEvent.click(screen.getByRole('button', { name: 'Not suspected' }))
  expect(ask.mock.calls[0]?.[0]).toMatchObject({ act: 'release' })
  expect(picked.in('suspected')).toEqual(['cv_1'])
  await rerender({ view: 'suspected' })
  expect(screen.getByRole('status')).toHaveTextContent('1 chosen')
})

test('another reason is asked for in words, and spaces are none', async () => {
  await fill(rows(2))
  picked.all('mine')
  const ask = vi.spyOn(decisions, 'decide').mockResolvedValue({ undo: null, results: [] })
  render(Bulk, { view: 'mine', onclear: () => undefined })
  await userEvent.click(screen.getByRole('menuitem', { name: 'Another reason …', hidden: true }))
  const field = screen.getByRole('textbox', { name: 'The reason' })
  await userEvent.type(field, '  ')
  await userEvent.click(screen.getByRole('button', { name: 'No answer needed' }))
  expect(ask).not.toHaveBeenCalled()
  await userEvent.type(field, 'A test ')
  await userEvent.click(screen.getByRole('button', { name: 'No answer needed' }))
  expect(ask.mock.calls[0]?.[0]).toMatchObject({ act: 'waive', reason: 'other', detail: 'A test', close: true })
})
