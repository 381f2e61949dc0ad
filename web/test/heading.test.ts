// What stands above a reply that is a letter: a subject that is suggested, copies that nobody gets by themselves, and
// what became of it for each recipient.
import { render, screen, within } from '@testing-library/svelte'
import userEvent from '@testing-library/user-event'
import { beforeEach, expect, test, vi } from 'vitest'
import * as calls from '../src/api/calls'
import { Lost, Problem } from '../src/api/http'
import type { Detail, ReplyRoute } from '../src/api/types'
import Composer from '../src/inbox/Composer.svelte'
import MessageItem from '../src/inbox/MessageItem.svelte'
import PendingItem from '../src/inbox/PendingItem.svelte'
import { conversations } from '../src/state/conversations.svelte'
import { drafts } from '../src/state/drafts.svelte'
import { outbox } from '../src/state/outbox.svelte'
import { queue } from '../src/state/queue.svelte'
import { session } from '../src/state/session.svelte'
import { capabilities, me, message, mine, summary } from './samples'

const api = calls.conversations

const route: ReplyRoute = {
  inbox: 'mail',
  channel: 'email',
  to: 'ines@posta.example',
  from: 'support@shop.example',
  can_reply: true,
  reason: null,
  reply_until: null,
  capabilities: capabilities({ longest_text: 1_000, letters: true }),
  suggested_subject: 'Re: My lamp',
  offered: [
    { address: 'bert@y.example', name: 'Bert', role: 'cc', why: 'to' },
    { address: 'carl@z.example', name: null, role: 'cc', why: 'cc' },
    { address: 'dora@z.example', name: null, role: 'cc', why: 'cc' },
    { address: 'emil@z.example', name: null, role: 'cc', why: 'cc' },
    { address: 'eve@w.example', name: null, role: 'cc', why: 'participant' },
  ],
}

async function show(change: Partial<ReplyRoute> = {}) {
  const detail: Detail = {
    conversation: summary({ channel: 'email' }),
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
  return render(Composer, { summary: detail.conversation, conversation, view: 'mine' })
}

const answers = (text = 'Yes') =>
  vi.spyOn(api, 'reply').mockResolvedValue({
    message: mine({ id: 'm', position: 2, text, at: 1_000, undo_until: 8_000 }),
    conversation: summary(),
  })
const words = () => screen.getByRole('textbox', { name: 'Message' })
const subject = () => screen.getByRole('button', { name: /^Subject: / })
const copy = (to: string) => screen.getByRole('checkbox', { name: `Cc: ${to}` })
const send = () => userEvent.click(screen.getByRole('button', { name: /^Send/ }))

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

test('a subject is one quiet line, and what was only suggested is not sent', async () => {
  const reply = answers()
  await show()
  await userEvent.type(words(), 'Yes')
  expect(screen.queryByRole('textbox', { name: 'Subject' })).toBeNull()
  expect(subject()).toHaveAccessibleName('Subject: Re: My lamp. Change')
  await send()
  expect(reply.mock.calls[0]?.[2]).toEqual({ text: 'Yes', attachments: [], seen_position: 1, close: false })
})

test('a subject is written over by keyboard alone: Enter goes on to the words and Escape takes it back', async () => {
  const reply = answers()
  await show()
  await userEvent.type(words(), 'Yes')
  subject().focus()
  await userEvent.keyboard('{Enter}')
  await userEvent.keyboard('Your refund{Enter}')
  expect(words()).toHaveFocus()
  expect(reply).not.toHaveBeenCalled()
  expect(subject()).toHaveAccessibleName('Subject: Your refund. Change')
  await userEvent.click(subject())
  await userEvent.keyboard('Never mind{Escape}')
  expect(subject()).toHaveFocus()
  expect(subject()).toHaveAccessibleName('Subject: Your refund. Change')
  await send()
  expect(reply.mock.calls[0]?.[2]).toMatchObject({ subject: 'Your refund' })
})

test('an emptied subject is the suggested one again', async () => {
  await show()
  await userEvent.type(words(), 'Yes')
  await userEvent.click(subject())
  await userEvent.clear(screen.getByRole('textbox', { name: 'Subject' }))
  expect(drafts.of('cv_1').heading.subject).toBeNull()
})

test('nobody gets a copy who was not ticked, and whom it goes to stands there', async () => {
  const reply = answers()
  await show()
  await userEvent.type(words(), 'Yes')
  const people = screen.getByRole('group', { name: 'Who gets this' })
  expect(people).toHaveTextContent('To Ines <ines@posta.example>')
  for (const box of within(people).getAllByRole('checkbox')) expect(box).not.toBeChecked()
  await userEvent.click(copy('bert@y.example'))
  await userEvent.click(copy('carl@z.example'))
  await userEvent.click(copy('carl@z.example'))
  await send()
  expect(reply.mock.calls[0]?.[2]).toMatchObject({ cc: ['bert@y.example'] })
  expect(drafts.of('cv_1').heading).toMatchObject({ subject: null, cc: [] })
})

test('many names are folded, but never whoever is ticked or unproven', async () => {
  await show()
  await userEvent.type(words(), 'Yes')
  expect(screen.queryByRole('checkbox', { name: 'Cc: emil@z.example' })).toBeNull()
  expect(copy('eve@w.example')).toBeInTheDocument()
  await userEvent.click(screen.getByRole('button', { name: '1 more' }))
  expect(copy('emil@z.example')).toBeInTheDocument()
})

test('who has not proven who they are is marked, and choosing them says what that means', async () => {
  await show()
  await userEvent.type(words(), 'Yes')
  expect(copy('eve@w.example')).toHaveAccessibleDescription('Not proven')
  const warning = /eve@w\.example has not proven who they are: this conversation’s answer goes to them too\./
  expect(screen.queryByText(warning)).toBeNull()
  await userEvent.click(copy('eve@w.example'))
  expect(screen.getByText(warning)).toBeInTheDocument()
  await userEvent.click(copy('bert@y.example'))
  expect(screen.queryByText(/bert@y\.example has not/)).toBeNull()
})

test('whoever is offered no more gets no copy, though the draft names them', async () => {
  const reply = answers()
  await show({ offered: [] })
  drafts.of('cv_1').heading = { subject: null, cc: ['bert@y.example'], answers: null }
  await userEvent.type(words(), 'Yes')
  await send()
  expect(reply.mock.calls[0]?.[2]).not.toHaveProperty('cc')
})

test('a heading is kept with the draft: on the server, over a reload, and from another device', async () => {
  await show()
  const save = vi.mocked(api.saveDraft)
  await userEvent.type(words(), 'Yes')
  await userEvent.click(copy('bert@y.example'))
  await userEvent.click(subject())
  await userEvent.keyboard('Your refund{Enter}')
  drafts.end()
  expect(drafts.of('cv_1').heading).toMatchObject({ subject: 'Your refund', cc: ['bert@y.example'] })
  drafts.flush()
  await vi.waitFor(() => expect(drafts.of('cv_1').saved).toBe('saved'))
  const above = { subject: 'Your refund', cc: ['bert@y.example'] }
  expect(save.mock.lastCall?.[1]).toEqual({ text: 'Yes', attachments: [], note: false, ...above })
  drafts.end()
  drafts.fromServer('cv_1', { text: 'Yes', attachments: [], note: false, ...above, updated_at: 1 })
  expect(drafts.of('cv_1').heading).toMatchObject(above)
})

test('an undo brings subject and copies back, and not a subject that was only suggested', async () => {
  answers()
  vi.spyOn(api, 'undo').mockResolvedValue({ conversation: summary(), text: 'Yes', attachments: [] })
  await show()
  await userEvent.type(words(), 'Yes')
  await userEvent.click(copy('bert@y.example'))
  await send()
  await vi.waitFor(() => expect(outbox.undoable).toHaveLength(1))
  await outbox.undo()
  expect(drafts.of('cv_1').heading).toMatchObject({ subject: null, cc: ['bert@y.example'] })
  expect(copy('bert@y.example')).toBeChecked()
})

test('a held send keeps its heading, shows its copies, and gives both back to be edited', async () => {
  vi.spyOn(api, 'reply').mockRejectedValue(new Lost('no answer'))
  await show()
  await userEvent.type(words(), 'Yes')
  await userEvent.click(copy('bert@y.example'))
  await userEvent.click(subject())
  await userEvent.keyboard('Your refund{Enter}')
  await send()
  await vi.waitFor(() => expect(outbox.list[0]?.state).toBe('waiting'))
  outbox.end()
  outbox.resume()
  const pending = outbox.list[0]
  if (!pending) throw new Error('nothing is held')
  render(PendingItem, { pending, channel: 'email' })
  expect(screen.getByText('Cc bert@y.example')).toBeInTheDocument()
  outbox.edit(pending.key)
  expect(drafts.of('cv_1').heading).toMatchObject({ subject: 'Your refund', cc: ['bert@y.example'] })
})

test('why a copy was refused is told', async () => {
  const errors = [{ field: 'cc', reason: 'bert@y.example: This handle is blocked.' }]
  vi.spyOn(api, 'reply').mockRejectedValue(new Problem(422, 'invalid', '', { errors }))
  await show()
  await userEvent.type(words(), 'Yes')
  await userEvent.click(copy('bert@y.example'))
  await send()
  await vi.waitFor(() => expect(outbox.list[0]?.reason).toBe('bert@y.example: This handle is blocked.'))
})

test('a note and a channel without letters have no heading', async () => {
  const { unmount } = await show()
  await userEvent.type(words(), 'Yes')
  await userEvent.click(screen.getByRole('button', { name: 'Note' }))
  expect(screen.queryByRole('button', { name: /^Subject: / })).toBeNull()
  unmount()
  await show({ capabilities: { ...route.capabilities, letters: false } })
  await userEvent.click(screen.getByRole('button', { name: 'Reply' }))
  await userEvent.type(words(), 'Yes')
  expect(screen.queryByRole('button', { name: /^Subject: / })).toBeNull()
})

test('several recipients are told apart under what was sent, and one is not', () => {
  const deliveries = [
    { address: 'ines@posta.example', state: 'delivered', reason: null },
    { address: 'bert@y.example', state: 'failed', reason: 'The mailbox does not exist.' },
  ] as const
  const sent = mine({ delivery: 'failed', delivery_reason: 'The mailbox does not exist.', deliveries: [...deliveries] })
  const of = { channel: 'email', summary: summary(), onview: () => undefined }
  const { unmount } = render(MessageItem, { message: sent, ...of })
  const fates = within(screen.getByRole('list', { name: 'What became of it for each recipient' }))
  expect(fates.getAllByRole('listitem').map((item) => item.textContent.replace(/\s+/g, ' ').trim())).toEqual([
    'ines@posta.example · Delivered',
    'bert@y.example · Not sent · The mailbox does not exist.',
  ])
  expect(screen.getByText('Not sent to everybody.')).toBeInTheDocument()
  expect(screen.queryByRole('button', { name: 'Mark as arrived' })).toBeNull()
  unmount()
  render(MessageItem, { message: mine(), ...of })
  expect(screen.queryByRole('list')).toBeNull()
})
