// Pieces that tests are made of.
import type { Capabilities, Me, Message, Summary } from '../src/api/types'

export const me: Me = {
  id: 'as_me',
  name: 'Noor Haddad',
  email: 'noor@shop.example',
  role: 'admin',
  teams: [],
  settings: { undo_seconds: 7 },
  teams_all: [],
  inboxes: [],
  associates: [
    { id: 'as_me', name: 'Noor Haddad', teams: [], active: true },
    { id: 'as_jonas', name: 'Jonas Brandt', teams: [], active: true },
  ],
  brand_name: 'Birkholt',
}

export const summary = (change: Partial<Summary> = {}): Summary => ({
  id: 'cv_1',
  contact: { id: 'ct_1', name: 'Ines Carvalho', address: '+351900000142' },
  inbox: 'shop',
  channel: 'sms',
  kind: 'private',
  state: 'open',
  assignee: { id: 'as_me', name: 'Noor Haddad' },
  team: null,
  waiting_since: null,
  due_at: null,
  last_at: 0,
  snippet: 'Hello',
  snippet_author: 'contact',
  position: 1,
  inbound_position: 1,
  read_position: 0,
  has_draft: false,
  trouble: null,
  suspected: false,
  queue_at: 1,
  ...change,
})

export const message = (change: Partial<Message> = {}): Message => ({
  id: 'ms_1',
  conversation_id: 'cv_1',
  position: 1,
  kind: 'inbound',
  author: { kind: 'contact', id: null, name: null },
  inbox: 'shop',
  channel: 'sms',
  text: 'Hello',
  at: Date.UTC(2026, 10, 25, 9),
  version: 1,
  edited_at: null,
  retracted_at: null,
  automatic: null,
  unanswerable: null,
  flags: [],
  attachments: [],
  spans: [],
  answers: null,
  forwarded_from: null,
  reactions: [],
  delivery: null,
  delivery_reason: null,
  deliveries: [],
  undo_until: null,
  activity: null,
  hidden: null,
  ...change,
})

export const mine = (change: Partial<Message> = {}): Message =>
  message({
    kind: 'outbound',
    author: { kind: 'associate', id: 'as_me', name: 'Noor Haddad' },
    delivery: 'sent',
    ...change,
  })

export const capabilities = (change: Partial<Capabilities> = {}): Capabilities => ({
  longest_text: 100,
  text_unit: 'chars',
  attachment_limit: 1_024,
  attachment_types: [],
  rich_text: false,
  quotes: false,
  reply_window: null,
  edits: false,
  delivery_receipts: true,
  read_receipts: false,
  letters: false,
  ...change,
})
