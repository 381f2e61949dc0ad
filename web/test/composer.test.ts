// The composer and the outbox together: what is said before sending, what a note is, and what becomes of one press.
import { render, screen } from '@testing-library/svelte'
import userEvent from '@testing-library/user-event'
import { beforeEach, expect, test, vi } from 'vitest'
import * as calls from '../src/api/calls'
import { Lost, Problem } from '../src/api/http'
import type { Attachment, Detail, ReplyRoute } from '../src/api/types'
import Composer from '../src/inbox/Composer.svelte'
import { conversations } from '../src/state/conversations.svelte'
import { drafts } from '../src/state/drafts.svelte'
import { outbox } from '../src/state/outbox.svelte'
import { queue } from '../src/state/queue.svelte'
import { session } from '../src/state/session.svelte'
import { screen as asks } from '../src/state/screen.svelte'
import Toasts from '../src/ui/Toasts.svelte'
import { capabilities, me, message, mine, summary } from './samples'

const api = calls.conversations

const route: ReplyRoute = {
  inbox: 'shop',
  channel: 'sms',
  to: '+351900000142',
  from: '+49305550001',
  can_reply: true,
  reason: null,
  reply_until: null,
  capabilities: capabilities({ longest_text: 10, text_unit: 'sms_segments', attachment_types: ['image/*'] }),
  suggested_subject: null,
  offered: [],
}

async function show(change: Partial<ReplyRoute> = {}) {
  const detail: Detail = {
    conversation: summary(),
    contact: { id: 'ct_1', name: 'Ines', external_ref: null, created_at: 0, conversations_count: 1, handles: [] },
    messages: { items: [message()], before: null },
    obligations: [],
    draft: null,
    reply: { ...route, ...change },
  }
  vi.spyOn(api, 'open').mockResolvedValue(detail)
  vi.spyOn(api, 'saveDraft').mockResolvedValue()
  vi.spyOn(api, 'dropDraft').mockResolvedValue()
  const conversation = conversations.get('cv_1')
  await conversation.load()
  return render(Composer, { summary: summary(), conversation, view: 'mine' })
}

beforeEach(() => {
  vi.restoreAllMocks()
  localStorage.clear()
  drafts.end()
  outbox.end()
  conversations.clear()
  queue.clear()
  session.me = me
  session.status = 'in'
})

test('the channel and where it goes are named before sending', async () => {
  await show()
  expect(screen.getByText('By SMS to +351 900 000 142')).toBeInTheDocument()
})

test('parts and their cause are counted while typing', async () => {
  await show()
  await userEvent.type(screen.getByRole('textbox'), 'See you 🙂')
  expect(screen.getByText(/1 part, because of 🙂/)).toBeInTheDocument()
})

test('the length is counted as the parts are cut: an emoji is two units', async () => {
  await show()
  await userEvent.type(screen.getByRole('textbox'), 'See you 🙂🙂')
  expect(screen.getByText(/2 too long/)).toBeInTheDocument()
})

test('where no answer can be sent, it says why and sends nothing', async () => {
  const reply = vi.spyOn(api, 'reply')
  await show({ can_reply: false, reason: 'This inbox is no longer in the configuration.' })
  expect(screen.getByText(/This inbox is no longer in the configuration\./)).toBeInTheDocument()
  expect(screen.queryByRole('textbox')).toBeNull()
  expect(screen.queryByRole('button', { name: /^Send/ })).toBeNull()
  await userEvent.click(screen.getByRole('button', { name: 'Write a note' }))
  expect(screen.getByRole('textbox', { name: 'Note, only your team sees this' })).toBeInTheDocument()
  expect(reply).not.toHaveBeenCalled()
})

test('switching to a note keeps the text, and a note never goes the way of a reply', async () => {
  const reply = vi.spyOn(api, 'reply')
  const note = vi
    .spyOn(api, 'note')
    .mockResolvedValue({ message: message({ id: 'n', kind: 'note' }), conversation: summary() })
  await show()
  await userEvent.type(screen.getByRole('textbox'), 'Keep the blue one')
  await userEvent.click(screen.getByRole('button', { name: 'Note' }))
  const field = screen.getByRole('textbox', { name: 'Note, only your team sees this' })
  expect(field).toHaveValue('Keep the blue one')
  await userEvent.click(screen.getByRole('button', { name: 'Keep note' }))
  expect(note).toHaveBeenCalledOnce()
  expect(reply).not.toHaveBeenCalled()
  expect(field).toHaveValue('')
})

test('a file over the limit is refused before anything is uploaded', async () => {
  await show()
  const input = document.querySelector<HTMLInputElement>('input[type=file]')
  if (!input) throw new Error('no file input')
  await userEvent.upload(input, new File(['x'.repeat(2_000)], 'boot.png', { type: 'image/png' }))
  expect(screen.getByRole('alert')).toHaveTextContent('boot.png is 2 kB. Up to 1 kB can be sent. Nothing was uploaded.')
  await userEvent.upload(input, new File(['x'], 'run.exe', { type: 'application/x-msdownload' }))
  expect(screen.getByRole('alert')).toHaveTextContent('SMS does not take files like run.exe.')
})

test('a file picked for a note does not land in the reply that was turned to meanwhile', async () => {
  let done: (a: Attachment) => void = () => undefined
  vi.spyOn(calls, 'upload').mockReturnValue(new Promise((up) => (done = up)))
  await show()
  asks.write = { conversation: 'cv_1', note: true }
  await screen.findByRole('textbox', { name: 'Note, only your team sees this' })
  const input = document.querySelector<HTMLInputElement>('input[type=file]')
  if (!input) throw new Error('no file input')
  await userEvent.upload(input, new File(['x'], 'margin.png', { type: 'image/png' }))
  expect(screen.getByRole('progressbar')).toBeInTheDocument()
  await userEvent.click(screen.getByRole('button', { name: 'Reply' }))
  expect(screen.queryByRole('progressbar')).toBeNull()
  done({ id: 'at_1', name: 'margin.png', content_type: 'image/png', size: 1 } as Attachment)
  await vi.waitFor(() => expect(drafts.of('cv_1').asideFiles).toHaveLength(1))
  expect(drafts.of('cv_1').replyFiles).toEqual([])
})

test('Send too early says what it waits for until that is there, and sends nothing by itself', async () => {
  let done: (a: Attachment) => void = () => undefined
  vi.spyOn(calls, 'upload').mockReturnValue(new Promise((up) => (done = up)))
  const reply = vi
    .spyOn(api, 'reply')
    .mockResolvedValue({ message: mine({ id: 'm', position: 2 }), conversation: summary() })
  const { rerender } = await show()
  const loaded = conversations.peek('cv_1')
  await rerender({ conversation: undefined })
  await userEvent.type(screen.getByRole('textbox'), 'Yes')
  const send = screen.getByRole('button', { name: /^Send/ })
  await userEvent.click(send)
  expect(screen.getByText(/the conversation is loading/)).toBeInTheDocument()
  await rerender({ conversation: loaded })
  expect(screen.queryByText(/the conversation is loading/)).toBeNull()
  const input = document.querySelector<HTMLInputElement>('input[type=file]')
  if (!input) throw new Error('no file input')
  await userEvent.upload(input, new File(['x'], 'boot.png', { type: 'image/png' }))
  await userEvent.click(send)
  expect(screen.getByText(/a file is on its way up/)).toBeInTheDocument()
  done({ id: 'at_1', name: 'boot.png', content_type: 'image/png', size: 1 } as Attachment)
  await vi.waitFor(() => expect(screen.queryByText(/a file is on its way up/)).toBeNull())
  expect(reply).not.toHaveBeenCalled()
  await userEvent.click(send)
  expect(reply).toHaveBeenCalledOnce()
})

test('one press is one message: a lost answer is asked for again under the same key', async () => {
  const reply = vi
    .spyOn(api, 'reply')
    .mockRejectedValueOnce(new Lost('no answer'))
    .mockResolvedValue({ message: mine({ id: 'm', position: 2, text: 'Yes' }), conversation: summary() })
  await show()
  await userEvent.type(screen.getByRole('textbox'), 'Yes')
  await userEvent.click(screen.getByRole('button', { name: /^Send/ }))
  await vi.waitFor(() => expect(outbox.list[0]?.state).toBe('waiting'))
  outbox.retry(outbox.list[0]?.key ?? '')
  await vi.waitFor(() => expect(outbox.list).toEqual([]))
  expect(reply.mock.calls[0]?.[1]).toBe(reply.mock.calls[1]?.[1])
})

test('somebody wrote meanwhile: it is held, and sending anyway names what was seen', async () => {
  const newer = message({ id: 'new', position: 2, text: 'wait' })
  const reply = vi
    .spyOn(api, 'reply')
    .mockRejectedValueOnce(new Problem(409, 'newer_message', '', { newer: [newer] }))
    .mockResolvedValue({ message: mine({ id: 'm', position: 3 }), conversation: summary() })
  await show()
  await userEvent.type(screen.getByRole('textbox'), 'Yes')
  await userEvent.click(screen.getByRole('button', { name: /^Send/ }))
  await vi.waitFor(() => expect(outbox.list[0]?.state).toBe('held'))
  expect(reply.mock.calls[0]?.[2].seen_position).toBe(1)
  outbox.sendAnyway(outbox.list[0]?.key ?? '')
  await vi.waitFor(() => expect(outbox.list).toEqual([]))
  expect(reply.mock.calls[1]?.[2].seen_position).toBe(2)
})

test('a reload finds what was not delivered, and the draft', async () => {
  vi.spyOn(api, 'reply').mockRejectedValue(new Lost('no answer'))
  await show()
  await userEvent.type(screen.getByRole('textbox'), 'Kept')
  await userEvent.click(screen.getByRole('button', { name: /^Send/ }))
  await vi.waitFor(() => expect(outbox.list[0]?.state).toBe('waiting'))
  outbox.end()
  outbox.resume()
  expect(outbox.list[0]).toMatchObject({ text: 'Kept' })
})

test('a note begun with the key never goes out in a reply, and both are still there', async () => {
  const reply = vi
    .spyOn(api, 'reply')
    .mockResolvedValue({ message: mine({ id: 'm', position: 2 }), conversation: summary() })
  const { unmount } = await show()
  asks.write = { conversation: 'cv_1', note: true }
  await userEvent.type(await screen.findByRole('textbox', { name: 'Note, only your team sees this' }), 'rude')
  unmount()
  await show()
  asks.write = { conversation: 'cv_1', note: false }
  const field = await screen.findByRole('textbox', { name: 'Message' })
  expect(field).toHaveValue('')
  await userEvent.type(field, 'Hello')
  await userEvent.click(screen.getByRole('button', { name: /^Send/ }))
  await vi.waitFor(() => expect(reply).toHaveBeenCalledOnce())
  expect(reply.mock.calls[0]?.[2].text).toBe('Hello')
  expect(drafts.of('cv_1').aside).toBe('rude')
})

test('the server keeps the reply; a note beside it stays in this browser, also over a reload', async () => {
  await show()
  const save = vi.mocked(api.saveDraft)
  await userEvent.type(screen.getByRole('textbox'), 'Dear Ines')
  asks.write = { conversation: 'cv_1', note: true }
  await userEvent.type(await screen.findByRole('textbox', { name: 'Note, only your team sees this' }), 'beware')
  drafts.flush()
  await vi.waitFor(() => expect(drafts.of('cv_1').saved).toBe('saved'))
  expect(save.mock.lastCall?.[1]).toMatchObject({ text: 'Dear Ines', note: false })
  drafts.end()
  drafts.fromServer('cv_1', { text: 'Dear Ines', attachments: [], note: false, subject: null, cc: [], updated_at: 1 })
  expect(drafts.of('cv_1')).toMatchObject({ reply: 'Dear Ines', aside: 'beware', note: false })
})

test('in the empty composer Ctrl+Z takes the send back, and the toast names that key there', async () => {
  vi.spyOn(api, 'reply').mockResolvedValue({
    message: mine({ id: 'm', position: 2, text: 'Yes', at: 1_000, undo_until: 8_000 }),
    conversation: summary(),
  })
  const undo = vi.spyOn(api, 'undo').mockResolvedValue({ conversation: summary(), text: 'Yes', attachments: [] })
  render(Toasts)
  await show()
  const field = screen.getByRole('textbox')
  await userEvent.type(field, 'Yes')
  await userEvent.click(screen.getByRole('button', { name: /^Send/ }))
  const button = await screen.findByRole('button', { name: /^Undo/ })
  await vi.waitFor(() => expect(button).toHaveTextContent(/^Undo\s*Ctrl\s*Z$/))
  await userEvent.type(field, 'N')
  await userEvent.keyboard('{Control>}z{/Control}')
  expect(undo).not.toHaveBeenCalled()
  await userEvent.clear(field)
  field.blur()
  await vi.waitFor(() => expect(button).toHaveTextContent(/^Undo\s*Z$/))
  field.focus()
  await userEvent.keyboard('{Control>}z{/Control}')
  await vi.waitFor(() => expect(field).toHaveValue('Yes'))
  expect(undo).toHaveBeenCalledOnce()
})
