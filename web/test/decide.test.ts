// What a person decides about a message of which nobody knows whether it arrived.
import { render, screen } from '@testing-library/svelte'
import userEvent from '@testing-library/user-event'
import { beforeEach, expect, test, vi } from 'vitest'
import { conversations as api } from '../src/api/calls'
import MessageItem from '../src/inbox/MessageItem.svelte'
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
