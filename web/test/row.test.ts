// A row of the queue: who said the last, what a letter is about, and whose sender is not who they say.
import { render, screen } from '@testing-library/svelte'
import { beforeEach, expect, test, vi } from 'vitest'
import Card from '../src/inbox/Card.svelte'
import Owed from '../src/inbox/Owed.svelte'
import Row from '../src/inbox/Row.svelte'
import { type Conversation, conversations } from '../src/state/conversations.svelte'
import { queue } from '../src/state/queue.svelte'
import { session } from '../src/state/session.svelte'
import { me, message, summary } from './samples'

const row = (change: Parameters<typeof summary>[0]) =>
  render(Row, { summary: summary(change), view: 'all', current: false, cursor: false, onfocus: () => {} })

beforeEach(() => (session.me = me))

test('what a colleague sent from outside is not said to be mine', () => {
  const { unmount } = row({ snippet_author: 'outside_human' })
  expect(screen.queryByText('You:')).toBeNull()
  expect(screen.getByText('A colleague:')).toBeInTheDocument()
  unmount()
  row({ snippet_author: 'associate' })
  expect(screen.getByText('You:')).toBeInTheDocument()
})

test('of a letter the subject stands before its words, and a sender who is denied is marked', () => {
  const { unmount } = row({ subject: 'My lamp', snippet: 'Where is it?', disproved: true })
  expect(screen.getByRole('link')).toHaveTextContent('My lamp · Where is it?')
  expect(screen.getByText('Not who they say')).toBeInTheDocument()
  unmount()
  row({ snippet: 'Where is it?' })
  expect(screen.queryByText('Not who they say')).toBeNull()
})

test('the card calls an address that somebody wrote from unverified, and one that was only told so', () => {
  const handle = (change: object) => ({
    id: 'hdl_1',
    channel: 'email',
    address: 'anna@x.example',
    trust: 'claimed',
    last_seen_at: 1,
    blocked_at: null,
    opted_out_at: null,
    unreachable_at: null,
    ...change,
  })
  const handles = [handle({}), handle({ id: 'hdl_2', address: 'other@x.example', last_seen_at: null })]
  const contact = { id: 'ct_1', name: 'Anna', created_at: 0, conversations_count: 1, handles }
  vi.spyOn(conversations, 'peek').mockReturnValue({ failed: false, contact } as unknown as Conversation)
  const whose = { id: 'ct_1', name: 'Anna', address: 'anna@x.example' }
  queue.known.set('cv_1', summary({ channel: 'email', contact: whose, disproved: true }))
  render(Card, { conversation: 'cv_1', view: 'all', drawer: false })
  expect(screen.getByText('Unverified')).toBeInTheDocument()
  expect(screen.getByText('Told us')).toBeInTheDocument()
  expect(screen.getAllByText('Sender is not who they say')).toHaveLength(1)
})

const club = (change: Parameters<typeof summary>[0] = {}) =>
  summary({
    kind: 'group',
    title: 'Trail club',
    contact: { id: 'ct_1', name: 'Piotr Zawadzki', address: null },
    waiting_since: 0,
    ...change,
  })
const by = (name: string, position: number) =>
  message({ id: `ms_${position}`, position, author: { kind: 'contact', id: `ct_${name}`, name } })

test('a group goes by its own name, not by who wrote there first', () => {
  const { unmount } = row(club())
  expect(screen.getByText('Trail club')).toBeInTheDocument()
  expect(screen.queryByText(/Piotr/)).toBeNull()
  unmount()
  // A private chat has no name but its customer's, whatever the channel says.
  row(club({ kind: 'private' }))
  expect(screen.getByText('Piotr Zawadzki')).toBeInTheDocument()
})

test('in a group the one who waits is named, and of several none', async () => {
  const messages = [by('Piotr Zawadzki', 1), by('Salma Idrissi', 2)]
  const { rerender } = render(Owed, { summary: club(), messages, owed: new Set(['ms_2']) })
  expect(screen.getByText(/Salma has waited/)).toBeInTheDocument()
  await rerender({ owed: new Set(['ms_1', 'ms_2']) })
  expect(screen.getByText(/Trail club has waited/)).toBeInTheDocument()
})

test('the card of a group names who wrote there, and says nothing of the first one’s address', () => {
  const contact = { id: 'ct_1', name: 'Piotr Zawadzki', created_at: 0, conversations_count: 1, handles: [] }
  const messages = [by('Piotr Zawadzki', 1), by('Salma Idrissi', 2)]
  const known = { failed: false, contact, messages, before: null }
  vi.spyOn(conversations, 'peek').mockReturnValue(known as unknown as Conversation)
  queue.known.set('cv_1', club())
  render(Card, { conversation: 'cv_1', view: 'all', drawer: false })
  expect(screen.getByRole('heading', { level: 2, name: 'Trail club' })).toBeInTheDocument()
  expect(screen.getByText('2 people wrote')).toBeInTheDocument()
  expect(screen.getByText('Salma Idrissi')).toBeInTheDocument()
  expect(screen.queryByText('Reached at')).toBeNull()
})

test('the card says when somebody wrote last, also while it stays open', () => {
  const handle = { id: 'hdl_1', channel: 'sms', address: '+351900000142', trust: 'proven', last_seen_at: 1_000 }
  const contact = { id: 'ct_1', name: 'Ines Carvalho', created_at: 0, conversations_count: 1, handles: [handle] }
  const now = message({ at: Date.now(), author: { kind: 'contact', id: 'ct_1', name: 'Ines Carvalho' } })
  const known = { failed: false, contact, messages: [now], before: null }
  vi.spyOn(conversations, 'peek').mockReturnValue(known as unknown as Conversation)
  queue.known.set('cv_1', summary())
  render(Card, { conversation: 'cv_1', view: 'all', drawer: false })
  expect(screen.getByText('Last wrote this minute')).toBeInTheDocument()
})
