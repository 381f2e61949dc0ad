// "No answer needed" holds for what the person had seen, and for nothing that came after it.
import { render, screen } from '@testing-library/svelte'
import userEvent from '@testing-library/user-event'
import { beforeEach, expect, test, vi } from 'vitest'
import { conversations as api } from '../src/api/calls'
import type { Detail } from '../src/api/types'
import { Problem } from '../src/api/http'
import Waive from '../src/inbox/Waive.svelte'
import { acts } from '../src/state/acts'
import { conversations } from '../src/state/conversations.svelte'
import { queue } from '../src/state/queue.svelte'
import { screen as asks } from '../src/state/screen.svelte'
import { session } from '../src/state/session.svelte'
import { me, message, summary } from './samples'

const owed = summary({ waiting_since: 1, seq: 1 })
const again = summary({ waiting_since: 1, position: 2, inbound_position: 2, snippet: 'And my refund?', seq: 2 })
const answered = { conversation: summary({ position: 3, seq: 3 }) }
const press = () => userEvent.click(screen.getByRole('button', { name: 'No answer needed' }))

async function ask() {
  vi.spyOn(api, 'open').mockResolvedValue({
    conversation: owed,
    contact: { id: 'ct_1', name: 'Ines', external_ref: null, created_at: 0, conversations_count: 1, handles: [] },
    messages: { items: [message()], before: null },
    obligations: [],
    draft: null,
    reply: null,
  } as unknown as Detail)
  await conversations.get('cv_1').load()
  acts.askWaive('cv_1')
  if (!asks.waiving) throw new Error('nothing asked')
  render(Waive, { ...asks.waiving, view: 'mine' })
}

beforeEach(() => {
  vi.restoreAllMocks()
  conversations.clear()
  queue.clear()
  session.me = me
  session.status = 'in'
})

test('a message that came while it was asked is shown, and asked about by itself', async () => {
  const waive = vi.spyOn(api, 'waive').mockResolvedValue(answered)
  await ask()
  queue.take(again, 0)
  conversations.takeMessages('ct_1', 'cv_1', [message({ id: 'ms_2', position: 2, text: 'And my refund?' })], 0)
  await press()
  expect(waive).not.toHaveBeenCalled()
  expect(screen.getByRole('alert')).toHaveTextContent('Ines wrote meanwhile.')
  expect(screen.getByRole('alert')).toHaveTextContent('And my refund?')
  await press()
  expect(waive.mock.calls[0]?.[1]).toMatchObject({ seen_position: 2 })
  await vi.waitFor(() => expect(asks.waiving).toBeNull())
})

test('the bridge knows of one that this tab did not: it stays owed, is shown, and asked about', async () => {
  const waive = vi.spyOn(api, 'waive').mockResolvedValueOnce({ conversation: again }).mockResolvedValue(answered)
  await ask()
  await press()
  expect(waive.mock.calls[0]?.[1]).toMatchObject({ seen_position: 1 })
  expect(await screen.findByText('And my refund?')).toBeInTheDocument()
  expect(asks.waiving).not.toBeNull()
  await press()
  expect(waive.mock.calls[1]?.[1]).toMatchObject({ seen_position: 2 })
})

test('where it does not work, the question and the reason stay', async () => {
  vi.spyOn(api, 'waive').mockRejectedValue(new Problem(409, 'not_now', 'No reply is owed.', {}))
  await ask()
  await userEvent.click(screen.getByLabelText('Spam'))
  await press()
  expect(asks.waiving).not.toBeNull()
  expect(screen.getByLabelText('Spam')).toBeChecked()
})

test('spaces are no reason, and nothing is asked of the bridge', async () => {
  const waive = vi.spyOn(api, 'waive').mockResolvedValue(answered)
  await ask()
  await userEvent.click(screen.getByLabelText('Another reason …'))
  const field = screen.getByRole('textbox', { name: 'The reason' })
  await userEvent.type(field, '   ')
  await press()
  expect(waive).not.toHaveBeenCalled()
  expect(field).toBeInvalid()
  await userEvent.type(field, 'Wrong number ')
  await press()
  expect(waive.mock.calls[0]?.[1]).toMatchObject({ reason: 'other', detail: 'Wrong number' })
})
