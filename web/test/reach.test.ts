// Where one writes it is said that the customer can't be reached, before the provider refuses.
import { render, screen } from '@testing-library/svelte'
import { beforeEach, expect, test, vi } from 'vitest'
import type { Handle } from '../src/api/types'
import Thread from '../src/inbox/Thread.svelte'
import { conversations, type Conversation } from '../src/state/conversations.svelte'
import { queue } from '../src/state/queue.svelte'
import { session } from '../src/state/session.svelte'
import { capabilities, me, summary } from './samples'

beforeEach(() => {
  vi.restoreAllMocks()
  session.me = me
})

function show(change: Partial<Handle>) {
  const s = summary({ channel: 'telegram', contact: { id: 'ct_1', name: 'Ines Carvalho', address: '77' } })
  const handle = { id: 'hdl_1', channel: 'telegram', address: '77', can_reply: true, unreachable_at: null, ...change }
  const contact = { id: 'ct_1', name: 'Ines Carvalho', handles: [handle] }
  const reply = { inbox: 'chat', channel: 'telegram', to: '77', from: 'shop', can_reply: true, reason: null }
  const route = { ...reply, reply_until: null, capabilities: capabilities(), suggested_subject: null, offered: [] }
  const known = { failed: null, loaded: false, contact, reply: route, messages: [], owed: new Set(), position: 1 }
  vi.spyOn(conversations, 'peek').mockReturnValue(known as unknown as Conversation)
  queue.known.set(s.id, s)
  return render(Thread, { id: s.id, view: 'all' })
}

test('who can’t be reached is named above the composer, and the words are taken all the same', () => {
  const { unmount } = show({ unreachable_at: 1 })
  expect(screen.getByText(/Ines can’t be reached by Telegram/)).toBeInTheDocument()
  expect(screen.getByRole('textbox', { name: 'Message' })).toBeInTheDocument()
  unmount()
  show({})
  expect(screen.queryByText(/can’t be reached/)).toBeNull()
})
