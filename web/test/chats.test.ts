// A chat's messages as they stand in the timeline: what they answer, who passed them on, reactions, authors of a group.
import { render, screen } from '@testing-library/svelte'
import userEvent from '@testing-library/user-event'
import { beforeEach, expect, test, vi } from 'vitest'
import type { Attachment, Message, Summary } from '../src/api/types'
import { byDefault, quotable, replyUntil, waiting, writers } from '../src/inbox/answering'
import MessageItem from '../src/inbox/MessageItem.svelte'
import Row from '../src/inbox/Row.svelte'
import { session } from '../src/state/session.svelte'
import { capabilities, me, message, mine, summary } from './samples'

beforeEach(() => {
  session.me = me
})

const group = summary({ kind: 'group', channel: 'telegram' })
const from = (id: string, name: string, position: number, change: Partial<Message> = {}) =>
  message({
    id: `ms_${position}`,
    position,
    author: { kind: 'contact', id, name },
    text: `Words ${position}`,
    ...change,
  })
const show = (m: Message, s: Summary = group, more: object = {}) =>
  render(MessageItem, { message: m, channel: 'telegram', summary: s, onview: () => undefined, ...more })

test('the message that one answers stands above it, and leads there where it is loaded', async () => {
  const ongo = vi.fn()
  const original = from('ct_a', 'Anna Lund', 1)
  const answers = { id: 'ms_1', author_kind: 'contact' as const, author_name: 'Anna Lund', text: 'How it begins' }
  const reply = mine({ id: 'ms_2', answers })
  const { unmount } = show(reply, group, { answered: original, ongo })
  await userEvent.click(screen.getByRole('button', { name: 'Answers Anna Lund: How it begins. Go there' }))
  expect(ongo).toHaveBeenCalledWith('ms_1')
  unmount()
  show(reply, group, { ongo })
  expect(screen.queryByRole('button')).toBeNull()
  expect(screen.getByText('Answers Anna Lund: How it begins')).toBeInTheDocument()
})

test('an answered message without words says what it is, and one of ours is You', () => {
  const answers = { id: 'ms_1', author_kind: 'associate' as const, author_name: 'Noor Haddad', text: '' }
  const file = {
    id: 'at',
    name: 'a.pdf',
    content_type: 'application/pdf',
    size: 1,
    state: 'stored',
    reason: null,
    inline: false,
  }
  const original = mine({ id: 'ms_1', text: '', attachments: [file as Attachment] })
  show(message({ id: 'ms_2', answers }), group, { answered: original, ongo: () => undefined })
  expect(screen.getByRole('button', { name: 'Answers You: A file. Go there' })).toBeInTheDocument()
})

test('words that were passed on name whose they are', () => {
  show(message({ forwarded_from: 'Ben' }))
  expect(screen.getByText('Forwarded from Ben')).toBeInTheDocument()
})

test('reactions are grouped with their count, and tell who on demand', async () => {
  const reactions = [
    { reaction: '👍', name: 'Anna' },
    { reaction: '❤', name: null },
    { reaction: '👍', name: 'Ben' },
  ]
  show(mine({ reactions }))
  const thumbs = screen.getByRole('button', { name: '👍 by Anna and Ben' })
  expect(thumbs).toHaveTextContent('👍2')
  expect(screen.getByRole('button', { name: '❤ by Somebody' })).toHaveTextContent(/^❤$/)
  expect(screen.queryByText('Anna and Ben')).toBeNull()
  await userEvent.click(thumbs)
  expect(screen.getByText('Anna and Ben')).toBeInTheDocument()
})

test('several pictures are an album, and a file that could not be fetched says why', () => {
  const file = (id: string, change: Partial<Attachment> = {}): Attachment => ({
    id,
    name: `${id}.png`,
    content_type: 'image/png',
    size: 9,
    state: 'stored',
    reason: null,
    inline: true,
    ...change,
  })
  const attachments = [file('a'), file('b'), file('film', { state: 'failed', reason: 'The file has 31 MB.' })]
  const { container } = show(message({ attachments }))
  expect(container.querySelectorAll('.album img')).toHaveLength(2)
  expect(screen.getByRole('button', { name: 'View a.png' })).toBeInTheDocument()
  expect(screen.getByText('The file has 31 MB.')).toBeInTheDocument()
})

test('an edit and a retraction are told, and what was taken back shows no dress', () => {
  const { unmount } = show(message({ edited_at: 1, text: 'New', spans: [{ from: 0, to: 3, style: 'bold' }] }))
  expect(screen.getByText(/^Edited/)).toBeInTheDocument()
  expect(screen.getByText('New').tagName).toBe('B')
  unmount()
  show(message({ retracted_at: 1, text: '', forwarded_from: 'Ben' }))
  expect(screen.getByText('Taken back by the sender')).toBeInTheDocument()
  expect(screen.queryByText('Forwarded from Ben')).toBeNull()
})

test('what was sent without a receipt is Sent and not Delivered', () => {
  show(mine({ delivery: 'sent' }))
  expect(screen.getByText('Sent')).toBeInTheDocument()
  expect(screen.queryByText('Delivered')).toBeNull()
})

test('in a group each message names its author whole, and can be answered where the channel can tell', async () => {
  const onanswer = vi.fn()
  const { unmount } = show(from('ct_a', 'Anna Lund', 1), group, { onanswer })
  expect(screen.getByText('Anna Lund')).toBeInTheDocument()
  await userEvent.click(screen.getByRole('button', { name: 'Answer this message of Anna Lund' }))
  expect(onanswer).toHaveBeenCalledWith('ms_1')
  unmount()
  show(from('ct_a', 'Anna Lund', 1, { conversation_id: 'cv_other' }), group, { onanswer })
  expect(screen.queryByRole('button', { name: /^Answer this/ })).toBeNull()
})

test('the list says that it is a group', () => {
  const row = (s: Summary) =>
    render(Row, { summary: s, view: 'mine', current: false, cursor: false, onfocus: () => undefined })
  const { unmount } = row(group)
  expect(screen.getByText('Group')).toBeInTheDocument()
  unmount()
  row(summary())
  expect(screen.queryByText('Group')).toBeNull()
})

const said = [from('ct_a', 'Anna', 1), from('ct_b', 'Ben', 2), from('ct_c', 'Cleo', 3)]

test('a reply in a group speaks to the latest who waits, else to who wrote last, of those that were seen', () => {
  const owed = new Set(['ms_1', 'ms_2'])
  expect(byDefault(said, group, owed, 3)?.id).toBe('ms_2')
  expect(byDefault(said, group, owed, 1)?.id).toBe('ms_1')
  expect(byDefault(said, group, new Set(), 3)?.id).toBe('ms_3')
  expect(byDefault([], group, owed, 3)).toBeUndefined()
  expect(byDefault([{ ...from('ct_b', 'Ben', 2), retracted_at: 1 }], group, owed, 3)).toBeUndefined()
})

test('who was answered since waits no longer, unless the answer was taken back or they wrote again', () => {
  const owed = new Set(['ms_1', 'ms_2'])
  const answers = { id: 'ms_2', author_kind: 'contact' as const, author_name: 'Ben', text: '' }
  const reply = mine({ id: 'ours', position: 4, answers })
  const ids = (list: Message[]) => waiting(list, owed).map((m) => m.id)
  expect(ids([...said, reply])).toEqual(['ms_1'])
  expect(ids([...said, { ...reply, delivery: 'cancelled' }])).toEqual(['ms_1', 'ms_2'])
  expect(ids([...said, { ...reply, position: 1 }])).toEqual(['ms_1', 'ms_2'])
})

test('people who wrote in a group are counted once each', () => {
  expect(writers([...said, from('ct_a', 'Anna', 5), mine({ position: 6 })], group).length).toBe(3)
})

test('until when a reply is taken moves on when somebody writes', () => {
  const route = { reply_until: 5_000, capabilities: capabilities({ reply_window: 2 }) } as Parameters<
    typeof replyUntil
  >[0]
  expect(replyUntil(route, [], 'cv_1')).toBe(5_000)
  expect(replyUntil(route, [message({ at: 9_000 }), mine({ at: 20_000 })], 'cv_1')).toBe(11_000)
  expect(replyUntil(route, [message({ at: 9_000, conversation_id: 'cv_2' })], 'cv_1')).toBe(5_000)
  expect(replyUntil(null, [], 'cv_1')).toBeNull()
})

test('what was said at another place of the channel can’t be quoted, for the customer would not see it', () => {
  const [direct, support] = [message({ thread: 'th_1' }), message({ id: 'ms_2', position: 2, thread: 'th_2' })]
  expect(quotable(direct, [direct])).toBe(true)
  expect(quotable(direct, [support, direct])).toBe(false)
  expect(quotable(support, [support, direct])).toBe(true)
  // Of another bridge, or another conversation of the contact: no reason to withhold it.
  expect(quotable(message(), [support])).toBe(true)
  expect(quotable(direct, [direct, { ...support, conversation_id: 'cv_2' }])).toBe(true)
})
