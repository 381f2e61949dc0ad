// The composer in chats: whom a reply speaks to, typed marks, and what the channel can't carry, said before sending.
import { render, screen } from '@testing-library/svelte'
import userEvent from '@testing-library/user-event'
import { beforeEach, expect, test, vi } from 'vitest'
import { conversations as api } from '../src/api/calls'
import type { Capabilities, Message, ReplyRoute, Summary } from '../src/api/types'
import Composer from '../src/inbox/Composer.svelte'
import { told } from '../src/inbox/can'
import { conversations } from '../src/state/conversations.svelte'
import { drafts } from '../src/state/drafts.svelte'
import { outbox } from '../src/state/outbox.svelte'
import { queue } from '../src/state/queue.svelte'
import { screen as asks } from '../src/state/screen.svelte'
import { session } from '../src/state/session.svelte'
import { capabilities, me, message, mine, summary } from './samples'

const from = (id: string, name: string, position: number, text: string) =>
  message({ id: `ms_${position}`, position, author: { kind: 'contact', id, name }, text, at: Date.now() })
const said = [from('ct_a', 'Anna Lund', 1, 'How it begins'), from('ct_b', 'Ben', 2, 'And mine?')]
const group = summary({ kind: 'group', channel: 'telegram', position: 2, inbound_position: 2 })

async function show(can: Partial<Capabilities>, s: Summary = group, route: Partial<ReplyRoute> = {}, owed = ['ms_1']) {
  vi.spyOn(api, 'open').mockResolvedValue({
    conversation: s,
    contact: { id: 'ct_1', name: 'Ines', external_ref: null, created_at: 0, conversations_count: 1, handles: [] },
    messages: { items: said, before: null },
    obligations: owed.map((id) => ({ id, message_id: id, position: 1, opened_at: 0, due_at: 0 })),
    draft: null,
    reply: {
      inbox: 'shop',
      channel: s.channel,
      to: 'anna',
      from: 'us',
      can_reply: true,
      reason: null,
      reply_until: null,
      capabilities: capabilities(can),
      suggested_subject: null,
      offered: [],
      ...route,
    },
  })
  vi.spyOn(api, 'saveDraft').mockResolvedValue()
  vi.spyOn(api, 'dropDraft').mockResolvedValue()
  const conversation = conversations.get('cv_1')
  await conversation.load()
  return render(Composer, { summary: s, conversation, view: 'mine' })
}
const reply = () =>
  vi
    .spyOn(api, 'reply')
    .mockResolvedValue({ message: mine({ id: 'm', position: 3, at: 1_000, undo_until: 8_000 }), conversation: group })
const whom = () => screen.getByRole('group', { name: 'Whose message this answers' })
const field = () => screen.getByRole('textbox', { name: 'Message' })
const press = () => userEvent.click(screen.getByRole('button', { name: /^Send/ }))

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

test('in a group it stands there whom the reply speaks to, and that is sent', async () => {
  const sent = reply()
  await show({})
  expect(whom()).toHaveTextContent('To Anna Lund: How it begins')
  expect(screen.queryByRole('button', { name: 'Answer none in particular' })).toBeNull()
  await userEvent.type(field(), 'Hello')
  await press()
  await vi.waitFor(() => expect(sent).toHaveBeenCalledOnce())
  expect(sent.mock.calls[0]?.[2]).toMatchObject({ text: 'Hello', answers: 'ms_1' })
  expect(drafts.of('cv_1').heading.answers).toBeNull()
})

test('another one is chosen in the menu or on the message, and is kept over a reload and an undo', async () => {
  const sent = reply()
  const { unmount } = await show({})
  await userEvent.click(screen.getByRole('button', { name: 'Answer another message' }))
  await userEvent.click(screen.getByRole('menuitem', { name: /Ben: And mine/, hidden: true }))
  expect(whom()).toHaveTextContent('To Ben: And mine?')
  unmount()
  drafts.end()
  conversations.clear()
  await show({})
  expect(whom()).toHaveTextContent('To Ben: And mine?')
  asks.write = { conversation: 'cv_1', note: false, answers: 'ms_1' }
  await vi.waitFor(() => expect(whom()).toHaveTextContent('To Anna Lund'))
  asks.write = { conversation: 'cv_1', note: false, answers: 'ms_2' }
  await vi.waitFor(() => expect(whom()).toHaveTextContent('To Ben'))
  await userEvent.type(field(), 'Yours too')
  await press()
  await vi.waitFor(() => expect(outbox.undoable).toHaveLength(1))
  expect(sent.mock.calls[0]?.[2].answers).toBe('ms_2')
  expect(whom()).toHaveTextContent('To Anna Lund')
  vi.spyOn(api, 'undo').mockResolvedValue({ conversation: group, text: 'Yours too', attachments: [] })
  await outbox.undo()
  await vi.waitFor(() => expect(whom()).toHaveTextContent('To Ben'))
})

test('whoever writes meanwhile is not in the place of whom the reply was begun for', async () => {
  await show({}, group, {}, [])
  expect(whom()).toHaveTextContent('To Ben')
  await userEvent.type(field(), 'H')
  const cleo: Message = from('ct_c', 'Cleo', 3, 'Me too')
  conversations.get('cv_1').takeMessages([cleo], 1)
  await userEvent.click(await screen.findByRole('button', { name: 'Show' }))
  expect(whom()).toHaveTextContent('To Ben')
  await userEvent.clear(field())
  await vi.waitFor(() => expect(whom()).toHaveTextContent('To Cleo'))
})

test('in private a message is quoted where the channel can, and the quote can be left off', async () => {
  const sent = reply()
  const alone = summary({ channel: 'telegram', position: 2 })
  await show({ quotes: true }, alone)
  expect(screen.queryByRole('group', { name: 'Whose message this answers' })).toBeNull()
  asks.write = { conversation: 'cv_1', note: false, answers: 'ms_1' }
  await vi.waitFor(() => expect(whom()).toHaveTextContent('Answers Anna: How it begins'))
  await userEvent.click(screen.getByRole('button', { name: 'Answer none in particular' }))
  await userEvent.type(field(), 'Hello')
  await press()
  await vi.waitFor(() => expect(sent).toHaveBeenCalledOnce())
  expect(sent.mock.calls[0]?.[2]).not.toHaveProperty('answers')
})

test('typed marks are shown as they will be, and sent as dress; an undo brings them back as typed', async () => {
  const sent = reply()
  await show({ rich_text: true })
  await userEvent.type(field(), 'A red lamp')
  expect(screen.queryByRole('group', { name: 'As it will be sent' })).toBeNull()
  ;(field() as HTMLTextAreaElement).setSelectionRange(2, 5)
  await userEvent.keyboard('{Control>}b{/Control}')
  expect(field()).toHaveValue('A **red** lamp')
  const preview = screen.getByRole('group', { name: 'As it will be sent' })
  expect(preview.querySelector('b')).toHaveTextContent('red')
  await userEvent.click(screen.getByRole('button', { name: 'Italic' }))
  expect(field()).toHaveValue('A **_red_** lamp')
  await press()
  await vi.waitFor(() => expect(outbox.undoable).toHaveLength(1))
  expect(sent.mock.calls[0]?.[2]).toMatchObject({
    text: 'A red lamp',
    spans: [
      { from: 2, to: 5, style: 'bold' },
      { from: 2, to: 5, style: 'italic' },
    ],
  })
  vi.spyOn(api, 'undo').mockResolvedValue({ conversation: group, text: 'A red lamp', attachments: [] })
  await outbox.undo()
  await vi.waitFor(() => expect(field()).toHaveValue('A **_red_** lamp'))
})

test('where the channel carries plain text alone, nothing is offered and what was typed is sent', async () => {
  const sent = reply()
  await show({ rich_text: false })
  await userEvent.type(field(), '**red**')
  expect(screen.queryByRole('button', { name: 'Bold' })).toBeNull()
  await press()
  await vi.waitFor(() => expect(sent).toHaveBeenCalledOnce())
  expect(sent.mock.calls[0]?.[2].text).toBe('**red**')
  expect(sent.mock.calls[0]?.[2]).not.toHaveProperty('spans')
})

test('the length is counted without the marks, in the unit of the channel, and its limit is named', async () => {
  await show({ rich_text: true, longest_text: 5, text_unit: 'utf16' })
  await userEvent.type(field(), '**🙂🙂🙂**')
  expect(screen.getByText('1 too long: 5 characters, emoji counting as two can be sent')).toBeInTheDocument()
  expect(screen.getByRole('button', { name: /^Send/ })).toHaveAttribute('aria-disabled', 'true')
  await userEvent.clear(field())
  await userEvent.type(field(), '**🙂🙂a**')
  expect(screen.getByText('0 of 5 characters, emoji counting as two left')).toBeInTheDocument()
})

test('a file of a kind that the channel does not take is refused with what it takes, and nothing goes up', async () => {
  await show({ attachment_types: ['image/*', 'application/pdf'] })
  const input = document.querySelector<HTMLInputElement>('input[type=file]')
  if (!input) throw new Error('no file input')
  await userEvent.upload(input, new File(['x'], 'run.exe', { type: 'application/x-msdownload' }))
  expect(screen.getByRole('alert')).toHaveTextContent(
    'Telegram does not take files like run.exe. Nothing was uploaded. It takes pictures and PDF files.',
  )
})

test('a channel without files says so before one is picked', async () => {
  await show({ attachment_limit: null })
  expect(screen.getByRole('button', { name: 'Telegram carries no files here' })).toBeInTheDocument()
})

test('what the channel can do is told on demand', async () => {
  await show({ delivery_receipts: false })
  const ask = screen.getByRole('button', { name: 'What Telegram can do here' })
  expect(screen.queryByText(/It reports no deliveries/)).toBeNull()
  await userEvent.click(ask)
  expect(ask).toHaveAttribute('aria-expanded', 'true')
  expect(screen.getByText(/It reports no deliveries/)).toBeInTheDocument()
  expect(screen.getByText('A sent message can’t be changed.')).toBeInTheDocument()
})

test('each limit is a sentence', () => {
  expect(
    told(
      capabilities({
        longest_text: 4_096,
        attachment_types: ['image/*', 'video/mp4'],
        rich_text: true,
        quotes: true,
        edits: true,
        read_receipts: true,
        reply_window: 86_400,
      }),
    ),
  ).toEqual([
    'Text up to 4,096 characters.',
    'Bold, italics, code and links arrive as such.',
    'Files up to 1 kB each: pictures and video/mp4.',
    'An answer can show which message it answers.',
    'An answer is taken until 24 hours after the customer’s last message.',
    'It reports deliveries, and what was read.',
  ])
  expect(told(capabilities({ attachment_limit: null })).slice(1, 3)).toEqual([
    'Text arrives plain, without bold or italics.',
    'No files.',
  ])
})

test('until when a reply is taken is told, and afterwards nothing can be sent but the words are kept', async () => {
  const soon = Date.now() + 3_600_000
  const { unmount } = await show({}, group, { reply_until: soon })
  await userEvent.type(field(), 'Hello')
  expect(screen.getByText(/^Can be answered until/)).toBeInTheDocument()
  unmount()
  conversations.clear()
  await show({}, group, { reply_until: Date.now() - 60_000 })
  expect(screen.getByText(/takes answers only for some time/)).toHaveTextContent(/That ended .*When they write again/)
  expect(screen.queryByRole('textbox')).toBeNull()
  expect(screen.getByText('Hello')).toBeInTheDocument()
})
