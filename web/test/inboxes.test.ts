// The page of the inboxes: its first sentence tells the truth.
import { render, screen } from '@testing-library/svelte'
import { tick } from 'svelte'
import { beforeEach, expect, test, vi } from 'vitest'
import { inboxes as api, parked } from '../src/api/calls'
import type { Counts, InboxHealth } from '../src/api/types'
import Inboxes from '../src/pages/Inboxes.svelte'
import { health } from '../src/state/health.svelte'
import { queue } from '../src/state/queue.svelte'
import { session } from '../src/state/session.svelte'
import { me, summary } from './samples'

const off = { enabled: false, held_off_by: null }
const inbox = (outbox: Partial<InboxHealth['outbox']>): InboxHealth => ({
  id: 'shop',
  name: 'Shop',
  channel: 'sms',
  brand: 'b',
  addresses: [],
  health: { state: 'connected', reason: null },
  complete_up_to: null,
  gaps: [],
  outbox: { queued: 0, failed: 0, unconfirmed: 0, ...outbox },
  last_inbound_at: null,
  last_error: null,
  bot: off,
})
const counts = (unread: number) => ({ parked: unread }) as Counts

async function show(outbox: Partial<InboxHealth['outbox']>, unread: number) {
  vi.spyOn(api, 'list').mockResolvedValue({ items: [inbox(outbox)] })
  vi.spyOn(api, 'bot').mockResolvedValue(off)
  vi.spyOn(parked, 'list').mockResolvedValue({ items: [], next: null })
  queue.counts = counts(unread)
  await health.load()
  render(Inboxes)
}

beforeEach(() => {
  vi.restoreAllMocks()
  health.clear()
  queue.clear()
})

test('all is well only where nothing is unsettled', async () => {
  await show({}, 0)
  expect(screen.getByText('All is well.')).toBeInTheDocument()
})

test('what could not be read, was not sent or nobody knows is counted in the sentence', async () => {
  await show({ failed: 1, unconfirmed: 3 }, 2)
  expect(screen.queryByText('All is well.')).toBeNull()
  expect(screen.getByText(/^Not settled yet/)).toHaveTextContent(
    'Not settled yet: 2 messages that can’t be read, 1 that was not sent and 3 of which we can’t tell if they arrived.',
  )
})

test('an inbox whose bot is on while it is off for all is shown and said to be without effect', async () => {
  session.me = me
  vi.spyOn(api, 'list').mockResolvedValue({ items: [{ ...inbox({}), bot: { enabled: true, held_off_by: null } }] })
  vi.spyOn(api, 'bot').mockResolvedValue(off)
  queue.counts = counts(0)
  await health.load()
  render(Inboxes)
  const own = screen.getByRole('switch', { name: 'The bot acknowledges: Shop' })
  expect(own).toHaveClass('idle')
  expect(own).toHaveAccessibleDescription('Without effect: off for all inboxes')
  health.takeBot(null, { enabled: true, held_off_by: null })
  await tick()
  expect(own).not.toHaveClass('idle')
})

test('how the inboxes are stands before what could not be read', async () => {
  const one = {
    id: 'pk_1',
    inbox: 'shop',
    at: 0,
    reason: 'It names no sender.',
    text: null,
    content_type: null,
    size: null,
  }
  await show({}, 1)
  vi.spyOn(parked, 'list').mockResolvedValue({ items: [one as never], next: null })
  queue.counts = counts(2)
  await vi.waitFor(() => expect(screen.getByText('It names no sender.')).toBeInTheDocument())
  const headings = screen.getAllByRole('heading', { level: 2 }).map((heading) => heading.id)
  expect(headings.at(-1)).toBe('parked')
})

test.each([
  ['starting', 'Starting', /signs in and then fetches/],
  ['degraded', 'Slow or partly working', /tried again by itself/],
  ['reconnecting', 'Reconnecting', /back within minutes/],
  ['unauthorized', 'Sign-in refused', /Put the right one into the configuration/],
  ['misconfigured', 'Set up wrongly', /has to be put right/],
  ['stopped', 'Stopped', /until Rapport is started again/],
])('an inbox that is %s says so, why, what to do, and what may be missing', async (state, word, todo) => {
  const gap = { from: Date.UTC(2026, 10, 25, 9), to: Date.UTC(2026, 10, 25, 10), reason: 'The line was down.' }
  const ill = { ...inbox({}), health: { state, reason: 'The provider said 401.' }, gaps: [gap] }
  vi.spyOn(api, 'list').mockResolvedValue({ items: [ill] })
  vi.spyOn(api, 'bot').mockResolvedValue(off)
  vi.spyOn(parked, 'list').mockResolvedValue({ items: [], next: null })
  queue.counts = counts(0)
  await health.load()
  const { unmount } = render(Inboxes)
  for (const text of [word, 'The provider said 401.', todo, /^Messages may be missing between/, 'The line was down.'])
    expect(screen.getByText(text)).toBeInTheDocument()
  expect(screen.getByText(/up to when it is complete is not known/)).toBeInTheDocument()
  unmount()
  health.list = [{ ...ill, complete_up_to: gap.from }]
  render(Inboxes)
  expect(screen.getByText(/^Complete up to 25 Nov/)).toBeInTheDocument()
})

test('an inbox that is away is not complete up to now, however short that is', async () => {
  const away = { ...inbox({}), health: { state: 'reconnecting', reason: null }, complete_up_to: Date.now() - 60_000 }
  vi.spyOn(api, 'list').mockResolvedValue({ items: [away] })
  vi.spyOn(api, 'bot').mockResolvedValue(off)
  await health.load()
  const { unmount } = render(Inboxes)
  expect(screen.queryByText(/Complete up to now/)).toBeNull()
  expect(screen.getByText(/Complete up to \d/)).toBeInTheDocument()
  unmount()
  vi.spyOn(api, 'list').mockResolvedValue({ items: [{ ...away, health: { state: 'connected', reason: null } }] })
  await health.load()
  render(Inboxes)
  expect(screen.getByText(/Complete up to now/)).toBeInTheDocument()
})

test('what was not sent leads to the conversations, until each is settled', async () => {
  const troubled = summary({ trouble: 'failed', contact: { id: 'ct_1', name: 'Ines Carvalho', address: null } })
  vi.spyOn(api, 'list').mockResolvedValue({ items: [inbox({ failed: 1 })], unsettled: [troubled] })
  vi.spyOn(api, 'bot').mockResolvedValue(off)
  await health.load()
  render(Inboxes)
  screen.getByRole('button', { name: '1 not sent' }).click()
  await tick()
  const panel = screen.getByRole('region', { name: 'Not settled yet' })
  expect(panel).toHaveFocus()
  expect(screen.getByRole('link', { name: /Ines Carvalho/ })).toHaveAttribute('href', '/inbox/all/cv_1')
  queue.take({ ...troubled, trouble: null }, 1)
  await tick()
  expect(screen.queryByRole('region', { name: 'Not settled yet' })).toBeNull()
})
