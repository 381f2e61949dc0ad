// One line: day marks, moves between channels, handovers; and which of my sends are news to me.
import { render, screen } from '@testing-library/svelte'
import { tick } from 'svelte'
import { expect, test } from 'vitest'
import { activityText } from '../src/inbox/activity'
import { timelineOf } from '../src/inbox/timeline'
import MessageItem from '../src/inbox/MessageItem.svelte'
import Timeline from '../src/inbox/Timeline.svelte'
import { Conversation } from '../src/state/conversations.svelte'
import { arrived, seenThrough, type Pending } from '../src/state/outbox.svelte'
import { clock } from '../src/state/clock.svelte'
import { session } from '../src/state/session.svelte'
import { me, message, mine, summary } from './samples'

const bot = { kind: 'bot' as const, id: null, name: null }
const types = (list: Parameters<typeof timelineOf>[0]) => timelineOf(list).map((item) => item.type)

test('a new day has its mark', () => {
  const at = Date.UTC(2026, 10, 24, 12)
  expect(types([message({ id: 'a', at }), message({ id: 'b', at: at + 86_400_000 })])).toEqual([
    'day',
    'message',
    'day',
    'message',
  ])
})

test('a move to another channel is marked, with both names', () => {
  const items = timelineOf([message({ id: 'a' }), message({ id: 'b', channel: 'email' })])
  expect(items.find((i) => i.type === 'moved')).toMatchObject({ from: 'sms', to: 'email' })
})

test('the first person after the assistant took over, once', () => {
  const items = timelineOf([
    message({ id: 'a' }),
    message({ id: 'b', kind: 'outbound', author: bot, automatic: 'ack' }),
    mine({ id: 'c' }),
    mine({ id: 'd' }),
  ])
  expect(items.filter((i) => i.type === 'handover')).toHaveLength(1)
  expect(items.findIndex((i) => i.type === 'handover')).toBe(items.findIndex((i) => i.id === 'c') - 1)
})

test('what was taken back before it left is not shown as a message', () => {
  expect(types([mine({ delivery: 'cancelled' })])).toEqual([])
})

test('my own sends and the assistant are no news, a customer or a colleague is', () => {
  const own = [mine({ id: 'a', position: 2 }), message({ id: 'b', position: 3, kind: 'outbound', author: bot })]
  const sending = { conversation: 'cv_1', seen: 1, text: 'Something else' }
  expect(seenThrough(own, sending, 'as_me')).toBe(3)
  expect(seenThrough([...own, message({ id: 'c', position: 4 })], sending, 'as_me')).toBe(3)
  const colleague = mine({ id: 'd', position: 2, author: { kind: 'associate', id: 'as_jonas', name: 'Jonas' } })
  expect(seenThrough([colleague], sending, 'as_me')).toBe(1)
})

test('the same words that left another device are news, unless they were taken back', () => {
  const sending = { conversation: 'cv_1', seen: 1, text: 'Half two' }
  expect(seenThrough([mine({ position: 2, text: 'Half two' })], sending, 'as_me')).toBe(1)
  expect(seenThrough([mine({ position: 2, text: 'Half two', delivery: 'cancelled' })], sending, 'as_me')).toBe(2)
})

test('a send that the stream has shown already is not shown twice', () => {
  const pending = { conversation: 'cv_1', kind: 'reply', text: 'Yes', seen: 1 } as Pending
  expect(arrived(pending, [mine({ position: 2, text: 'Yes' })], 'as_me')).toBe(true)
  expect(arrived(pending, [mine({ position: 1, text: 'Yes' })], 'as_me')).toBe(false)
  expect(arrived(pending, [mine({ position: 2, text: 'No' })], 'as_me')).toBe(false)
})

test('a bare id behind an activity is a known name, or a colleague, and never "undefined"', () => {
  session.me = { ...me, associates: [{ id: 'as_noor', name: 'Noor', teams: [], active: true }] }
  const closed = (by: string) =>
    activityText(message({ kind: 'activity', activity: { type: 'closed', by } }), me.id, null)
  expect(closed('as_noor')).toBe('Noor closed this')
  expect(closed('as_long_gone')).toBe('A colleague closed this')
  expect(closed(me.id)).toBe('You closed this')
})

test('only what somebody else wrote is a new message below', async () => {
  session.me = me
  const conversation = new Conversation('cv_1')
  const comes = async (m: Parameters<typeof message>[0]) => {
    conversation.takeMessages([message({ id: `ms_${m?.position}`, at: m?.position ?? 0, ...m })], 1)
    await tick()
  }
  await comes({ position: 1 })
  render(Timeline, { conversation, summary: summary() })
  const log = screen.getByRole('log')
  Object.defineProperty(log, 'scrollHeight', { value: 1_000 })
  log.scrollTop = 0
  log.dispatchEvent(new Event('scroll'))
  await comes({ position: 2, kind: 'activity', activity: { type: 'assigned', by: 'as_jonas' } })
  await comes({ position: 3, kind: 'note' })
  await comes({ position: 4, kind: 'outbound', author: bot })
  expect(screen.queryByText(/new message/)).toBeNull()
  await comes({ position: 5 })
  await comes({ position: 6, kind: 'outbound', author: { kind: 'associate', id: 'as_jonas', name: 'Jonas' } })
  expect(screen.getByText('2 new messages')).toBeInTheDocument()
})

test('who it was given to stands within the sentence, and is written so', () => {
  const activity = {
    type: 'assigned',
    by: { id: 'as_mara', name: 'Mara Lindt' },
    assignee: { id: me.id, name: me.name },
  }
  expect(activityText(message({ kind: 'activity', activity }), me.id, null)).toBe('Mara Lindt gave this to you')
})

test('a reply that waits says why, and when it is tried next', () => {
  const waits = {
    delivery: 'queued' as const,
    delivery_reason: 'the mail server put it off (greylisting), 450 4.2.0',
    next_try_at: clock.now + 290_000,
  }
  const show = (change: object) =>
    render(MessageItem, {
      message: mine({ ...waits, ...change }),
      channel: 'sms',
      summary: summary(),
      onview: () => {},
    })
  const { unmount } = show({})
  expect(document.body).toHaveTextContent(
    'Waiting: the mail server put it off (greylisting), 450 4.2.0. Next try in 5 min.',
  )
  unmount()
  show({ next_try_at: null, delivery_reason: null })
  expect(screen.getByText('Sending')).toBeInTheDocument()
})
