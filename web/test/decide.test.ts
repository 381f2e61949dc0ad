// What a person decides about a message of which nobody knows whether it arrived.
import { render, screen } from '@testing-library/svelte'
import userEvent from '@testing-library/user-event'
import { beforeEach, expect, test, vi } from 'vitest'
import { conversations as api } from '../src/api/calls'
import MessageItem from '../src/inbox/MessageItem.svelte'
import { drafts } from '../src/state/drafts.svelte'
import { session } from '../src/state/session.svelte'
import { me, mine, summary } from './samples'

beforeEach(() => {
  vi.restoreAllMocks()
  session.me = me
})

test('a double click on Send again asks once, and neither way stands open meanwhile', async () => {
  let answer: () => void = () => undefined
  const said = { message: mine({ delivery: 'queued' as const }), conversation: summary() }
  const resend = vi.spyOn(api, 'resend').mockReturnValue(new Promise((done) => (answer = () => done(said))))
  const confirm = vi.spyOn(api, 'confirm')
  render(MessageItem, {
    message: mine({ delivery: 'unconfirmed' }),
    channel: 'sms',
    summary: summary(),
    onview: () => undefined,
  })
  const again = screen.getByRole('button', { name: 'Send again' })
  await userEvent.dblClick(again)
  await userEvent.click(screen.getByRole('button', { name: 'Mark as arrived' }))
  expect(resend).toHaveBeenCalledOnce()
  expect(confirm).not.toHaveBeenCalled()
  expect(again).toHaveAttribute('aria-disabled', 'true')
  answer()
  await vi.waitFor(() => expect(again).not.toHaveAttribute('aria-disabled'))
})

const failed = mine({ delivery: 'failed', delivery_reason: '30005', text: 'It is red' })
const shown = (m: typeof failed) =>
  render(MessageItem, { message: m, channel: 'sms', summary: summary(), onview: () => undefined })

test('a failed message can be left as it is, and then asks nobody any more', async () => {
  const said = { message: { ...failed, set_aside_at: 1 }, conversation: summary() }
  const setAside = vi.spyOn(api, 'setAside').mockResolvedValue(said)
  const { unmount } = shown(failed)
  await userEvent.click(screen.getByRole('button', { name: 'Leave it' }))
  expect(setAside).toHaveBeenCalledWith('ms_1')
  unmount()
  shown(said.message)
  expect(screen.queryByRole('button', { name: 'Retry' })).toBeNull()
  expect(screen.getByText('Not sent, and left so')).toBeInTheDocument()
})

test('Edit puts the words of a failed message back into the composer, and leaves the message', async () => {
  vi.spyOn(api, 'saveDraft').mockResolvedValue()
  const setAside = vi.spyOn(api, 'setAside').mockResolvedValue({ message: failed, conversation: summary() })
  shown(failed)
  await userEvent.click(screen.getByRole('button', { name: 'Edit' }))
  expect(drafts.of('cv_1').text).toBe('It is red')
  expect(setAside).toHaveBeenCalledOnce()
})

test('of a wait for seconds no minute is said', () => {
  const waits = (ms: number) =>
    mine({ delivery: 'queued', delivery_reason: 'the line is busy', next_try_at: Date.now() + ms })
  const { unmount } = shown(waits(5_000))
  expect(screen.getByText(/Next try in a few seconds/)).toBeInTheDocument()
  unmount()
  shown(waits(130_000))
  expect(screen.getByText(/Next try in 3 min/)).toBeInTheDocument()
})
