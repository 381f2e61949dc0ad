// The queue: order, views, and that nothing old overwrites something new.
import { beforeEach, expect, test, vi } from 'vitest'
import { conversations as api } from '../src/api/calls'
import { VIEWS, type Counts, type QueuePage, type Summary } from '../src/api/types'
import { belongs, isUnread, queue } from '../src/state/queue.svelte'
import { session } from '../src/state/session.svelte'
import { t } from '../src/text/index.svelte'
import { me, summary } from './samples'

const counts: Counts = {
  mine: 1,
  unassigned: 0,
  all: 1,
  closed: 0,
  automatic: 0,
  suspected: 0,
  snoozed: 0,
  mentions: 0,
  mine_waiting: 0,
  unassigned_waiting: 0,
  all_waiting: 0,
  parked: 0,
}
const page = (items: Summary[], next: string | null = null): QueuePage => ({ items, next, counts })

beforeEach(() => {
  queue.clear()
  session.me = me
  vi.restoreAllMocks()
})

test('rows stand by queue_at, then id', async () => {
  vi.spyOn(api, 'page').mockResolvedValue(
    page([
      summary({ id: 'cv_b', queue_at: 5 }),
      summary({ id: 'cv_c', queue_at: 1 }),
      summary({ id: 'cv_a', queue_at: 5 }),
    ]),
  )
  await queue.load('mine')
  expect(queue.rows('mine').map((s) => s.id)).toEqual(['cv_c', 'cv_a', 'cv_b'])
})

test('a live change moves a conversation between views at once', async () => {
  vi.spyOn(api, 'page').mockResolvedValue(page([summary()]))
  await queue.load('mine')
  queue.take(summary({ assignee: { id: 'as_jonas', name: 'Jonas' } }), 5)
  expect(queue.rows('mine')).toEqual([])
  queue.take(summary(), 6)
  expect(queue.rows('mine')).toHaveLength(1)
})

test('an answer that was under way does not overwrite a later live event', () => {
  queue.take(summary({ snippet: 'old' }), 10)
  queue.take(summary({ snippet: 'new', read_position: null, has_draft: null }), 12)
  queue.take(summary({ snippet: 'late' }), 11)
  expect(queue.known.get('cv_1')?.snippet).toBe('new')
})

test('a summary with a lower sequence is older, whenever it comes', () => {
  queue.take(summary({ snippet: 'new', seq: 20 }), 20)
  queue.take(summary({ snippet: 'old', seq: 19 }), 25)
  expect(queue.known.get('cv_1')?.snippet).toBe('new')
})

test('live events keep my own marks, and an answer under way does not take a read mark back', () => {
  queue.take(summary({ read_position: 1, has_draft: true }), 1)
  queue.take(summary({ read_position: null, has_draft: null, inbound_position: 1 }), 2)
  expect(queue.known.get('cv_1')).toMatchObject({ read_position: 1, has_draft: true })
  queue.take(summary({ read_position: 0 }), 3)
  expect(queue.known.get('cv_1')?.read_position).toBe(1)
  queue.mark('cv_1', { read_position: 0 })
  expect(isUnread(queue.known.get('cv_1') ?? summary())).toBe(true)
})

test('a newcomer beyond the last loaded page waits for that page', async () => {
  vi.spyOn(api, 'page').mockResolvedValue(page([summary({ id: 'cv_1', queue_at: 1 })], 'more'))
  await queue.load('mine')
  queue.take(summary({ id: 'cv_9', queue_at: 9 }), 1)
  expect(queue.rows('mine').map((s) => s.id)).toEqual(['cv_1'])
})

test('older counts do not replace newer ones', () => {
  queue.takeCounts({ ...counts, mine: 2 }, 9)
  queue.takeCounts({ ...counts, mine: 1 }, 8)
  expect(queue.counts?.mine).toBe(2)
})

test('each conversation stands in the views that the bridge names', () => {
  expect(belongs('unassigned', summary({ assignee: null }), 'as_me')).toBe(true)
  expect(belongs('mine', summary(), 'as_me')).toBe(true)
  expect(belongs('all', summary({ state: 'closed' }), 'as_me')).toBe(false)
  expect(belongs('automatic', summary({ state: 'automatic' }), 'as_me')).toBe(true)
  const where = (change: Partial<Summary>) => VIEWS.filter((view) => belongs(view, summary(change), 'as_me'))
  expect(where({ suspected: true })).toEqual(['suspected'])
  expect(where({ suspected: true, assignee: null })).toEqual(['suspected'])
  expect(where({ suspected: true, state: 'closed' })).toEqual(['closed'])
  expect(where({ suspected: true, state: 'automatic' })).toEqual(['automatic'])
})

test('what is unread is counted as far as it is loaded, and said to be so', async () => {
  const nobodys = summary({ id: 'cv_2', assignee: null })
  const ask = vi.spyOn(api, 'page').mockResolvedValue({ ...page([summary()]), counts: { ...counts, unassigned: 2 } })
  await queue.load('mine')
  expect(t.title(queue.unread, 'Inbox')).toBe('(1+) Inbox · Rapport')
  ask.mockResolvedValue({ ...page([nobodys], 'more'), counts: { ...counts, unassigned: 2 } })
  await queue.load('unassigned')
  expect(t.title(queue.unread, 'Inbox')).toBe('(2+) Inbox · Rapport')
  expect(t.unreadCount(queue.unreadIn('mine'))).toBe('1 unread')
  expect(t.unreadCount(queue.unreadIn('unassigned'))).toBe('1 or more unread')
  ask.mockResolvedValue(page([summary({ ...nobodys, id: 'cv_3' })]))
  await queue.load('unassigned', true)
  expect(t.title(queue.unread, 'Inbox')).toBe('(3) Inbox · Rapport')
})
