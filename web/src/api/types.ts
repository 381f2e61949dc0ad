// The words of /api/v1 as the inbox reads them. Times are epoch milliseconds, ids are prefixed text.
// Owns no behaviour; the calls are in calls.ts.

export type Role = 'admin' | 'associate'
export type View = 'mine' | 'unassigned' | 'all' | 'mentions' | 'snoozed' | 'closed' | 'suspected' | 'automatic'
export const VIEWS: readonly View[] = [
  'mine',
  'unassigned',
  'all',
  'mentions',
  'snoozed',
  'closed',
  'suspected',
  'automatic',
]

export interface Named {
  id: string
  name: string
}

export interface Me {
  id: string
  name: string
  email: string
  role: Role
  teams: string[]
  settings: { undo_seconds: number }
  teams_all: Named[]
  inboxes: { id: string; name: string; channel: string; brand: string; teams: string[] }[]
  associates: { id: string; name: string; teams: string[]; active: boolean }[]
  brand_name: string
  public_url_warning?: string | null
}

export interface Associate {
  id: string
  name: string
  email: string
  role: Role
  teams: string[]
  active: boolean
  invited_at: number | null
  last_seen_at: number | null
}

export interface Invited {
  associate: Associate
  link: string
  expires_at: number
}

export interface Invitation {
  name: string
  email: string
  kind: 'invite' | 'reset'
}

export type ConversationState = 'open' | 'automatic' | 'closed'
export type AuthorKind = 'contact' | 'associate' | 'outside_human' | 'bot' | 'system'

export interface Summary {
  id: string
  /** Without an address in a group, which is nobody's. */
  contact: { id: string; name: string; address: string | null }
  inbox: string
  channel: string
  /** Who reads along. */
  kind: 'private' | 'group' | 'public'
  /** What a group or a public place is called. */
  title?: string | null
  state: ConversationState
  assignee: Named | null
  team: string | null
  waiting_since: number | null
  due_at: number | null
  last_at: number
  snippet: string
  snippet_author: AuthorKind | 'note'
  /** The subject of the customer's last letter, where it was one. */
  subject?: string | null
  /** The receiving server denied that the customer's last letter is from whom it says. */
  disproved?: boolean
  position: number
  inbound_position: number
  /** Mine; null in live events, which are the same for everybody. */
  read_position: number | null
  has_draft: boolean | null
  trouble: null | 'failed' | 'unconfirmed'
  /** The receiving mail server took it for spam: listed apart while it is open. */
  suspected: boolean
  /** Until when it is put off, for everybody: listed apart while it is open. */
  snoozed_until?: number | null
  /** Who is named in its notes. */
  mentioned?: string[]
  /** Where the latest note stands that names me; null in live events. */
  named_position?: number | null
  /** Nobody answered in time, and it is in its queue again. */
  raised?: boolean
  queue_at: number
  seq?: number | null
}

export interface Counts {
  mine: number
  unassigned: number
  all: number
  closed: number
  automatic: number
  suspected: number
  snoozed: number
  /** Where I am named and have not read it: not how long the view is. */
  mentions: number
  mine_waiting: number
  unassigned_waiting: number
  all_waiting: number
  /** What could not be read, and is owed until it is settled. */
  parked: number
}

export interface Parked {
  id: string
  inbox: string
  reason: string
  at: number
  due_at?: number | null
  content_type?: string | null
  size?: number | null
  /** Its beginning. */
  text?: string | null
}

export interface QueuePage {
  items: Summary[]
  next: string | null
  counts: Counts
}

export interface Attachment {
  id: string
  name: string
  content_type: string
  size: number | null
  state: 'pending' | 'stored' | 'failed'
  reason: string | null
  inline: boolean
}

export type Delivery =
  'queued' | 'sending' | 'sent' | 'delayed' | 'delivered' | 'read' | 'failed' | 'unconfirmed' | 'cancelled'

export interface Activity {
  type: string
  /** A bare id from an older bridge. */
  by?: Named | string | null
  assignee?: Named | null
  /** Who had it before. */
  from?: Named | null
  stands_in?: (Named & { until: number }) | null
  /** Whose word the customer brought along. */
  associate?: Named | null
  team?: string | null
  reason?: string | null
  /** Until when it was put off, and whether a reply is due before that. */
  until?: number | null
  late?: boolean | null
  /** With which note it was handed over. */
  note?: string | null
  /** What was taken back. */
  act?: DecisionAct | null
  /** Why a code joined nothing. */
  why?: string | null
}

/** The ways in to whoever is signed in. */
export interface WaysIn {
  word: string | null
  ways: {
    inbox: string
    name: string
    channel: string
    brand: string
    url: string
    write_the_word: boolean
    code: { squares: number; path: string } | null
  }[]
}

/** What a letter has beside its words. */
export interface Letter {
  /** Null for one of ours. */
  from: { handle: string; address: string; proven: boolean } | null
  subject: string | null
  recipients: { role: 'to' | 'cc'; address: string; name: string | null }[]
  has_original: boolean
  has_html: boolean
  /** What the marks among the flags rest on. */
  evidence: string | null
}

export type Style =
  'bold' | 'italic' | 'underline' | 'strike' | 'spoiler' | 'code' | 'pre' | 'quote' | 'link' | 'mention'

/** A dressed stretch of a text, counted in UTF-16 code units as JavaScript counts. */
export interface Span {
  from: number
  to: number
  style: Style
  /** Where a link leads. */
  url?: string
  /** The programming language of a `pre`. */
  language?: string
}

/** The message that another one answers. */
export interface Quoted {
  id: string
  author_kind: AuthorKind
  author_name: string | null
  /** How it begins; empty where it was taken back, or is a file. */
  text: string
}

export interface Reaction {
  /** Usually one emoji. */
  reaction: string
  name: string | null
}

export interface Message {
  id: string
  conversation_id: string
  position: number
  kind: 'inbound' | 'outbound' | 'note' | 'activity'
  author: { kind: AuthorKind; id: string | null; name: string | null }
  /** The place where it was said, within its channel. */
  thread?: string | null
  inbox: string | null
  channel: string | null
  text: string
  at: number
  version: number
  edited_at: number | null
  retracted_at: number | null
  automatic: string | null
  unanswerable: string | null
  flags: string[]
  attachments: Attachment[]
  spans: Span[]
  answers: Quoted | null
  /** Whose words they are, where the author passed them on. */
  forwarded_from: string | null
  reactions: Reaction[]
  letter?: Letter | null
  delivery: Delivery | null
  delivery_reason: string | null
  /** When it is tried again, where it waits for that. */
  next_try_at?: number | null
  /** When a person let it be, where it did not arrive. */
  set_aside_at?: number | null
  /** How each recipient fares, where there are several: the contact first. */
  deliveries: { address: string; state: Delivery; reason: string | null }[]
  undo_until: number | null
  activity: Activity | null
  /** Whom a note names. */
  mentions?: string[]
  hidden: { team: string | null; associate: string | null } | null
}

export interface Page {
  items: Message[]
  before: string | null
}

export interface Handle {
  id: string
  channel: string
  address: string
  trust: string
  can_reply: boolean
  blocked_at: number | null
  blocked_reason: string | null
  opted_out_at: number | null
  unreachable_at: number | null
  last_seen_at: number | null
  /** Several people use it. */
  shared: boolean
  /** An address of somebody else looks like it. */
  look_alike: boolean
  /** Letters of several scripts stand in it. */
  mixed_scripts: boolean
  /** Until when it was theirs, where it has a new owner. */
  until: number | null
}

export interface Contact {
  id: string
  name: string
  external_ref: string | null
  created_at: number
  conversations_count: number
  handles: Handle[]
}

export interface Suggestion {
  contact: Named
  /** `code_returned`, `same_address` or `same_on_other`. */
  reason: string
  channel: string
  address: string
  since: number
}

/** All that the bridge tells of one person outside. */
export interface ContactCard {
  contact: Contact
  conflicts: { field: 'name' | 'external_ref'; value: string }[]
  suggestions: Suggestion[]
  evidence: {
    merge: string
    at: number
    /** `person` or `code`. */
    basis: string
    associate: Named | null
    reason: string | null
    channel: string | null
    addresses: string[]
  }[]
  /** Where one is another team's, only its date, team and associate are told. */
  conversations: {
    conversation: string | null
    channel: string | null
    state: string | null
    snippet: string | null
    at: number
    team: string | null
    associate: Named | null
  }[]
}

export interface MergePreview {
  /** The record that stays. */
  into: Contact
  from: Contact
  differences: { field: 'name' | 'external_ref'; into: string; from: string }[]
  warnings: string[]
  refused: string | null
}

export interface Draft {
  text: string
  attachments: Attachment[]
  note: boolean
  /** What is to stand above a letter, where the author wrote that. */
  subject: string | null
  /** Who is to get a copy. */
  cc: string[]
  updated_at: number
}

export interface Capabilities {
  longest_text: number
  text_unit: 'chars' | 'utf16' | 'sms_segments'
  /** In bytes; null: no files. */
  attachment_limit: number | null
  attachment_types: string[] | null
  rich_text: boolean
  /** Whether a reply can show which message it answers. */
  quotes: boolean
  /** For so many seconds after the customer's last message a reply is taken; null: for ever. */
  reply_window: number | null
  edits: boolean
  delivery_receipts: boolean
  read_receipts: boolean
  /** Whether a reply has a subject and may go to several people at once. */
  letters: boolean
}

/** Somebody who may get a copy of a reply. */
export interface Offered {
  address: string
  name: string | null
  role: 'to' | 'cc'
  /** Named by a letter, or a participant: somebody who wrote here and has not proven who they are. */
  why: 'to' | 'cc' | 'participant'
}

export interface ReplyRoute {
  inbox: string
  channel: string
  to: string | null
  from: string
  can_reply: boolean
  reason: string | null
  /** Until when a reply is taken; null: for ever. */
  reply_until: number | null
  capabilities: Capabilities
  /** The subject that a reply gets unless its author writes another one. */
  suggested_subject: string | null
  offered: Offered[]
}

export interface Detail {
  conversation: Summary
  contact: Contact
  messages: Page
  obligations: { id: string; message_id: string; position: number; opened_at: number; due_at: number }[]
  draft: Draft | null
  reply: ReplyRoute
  closed?: { at: number; by: Named } | null
  card?: ContactCard | null
  routing?: Explained | null
}

export interface InboxHealth {
  id: string
  name: string
  channel: string
  brand: string
  addresses: string[]
  health: Health
  complete_up_to: number | null
  gaps: { from: number; to: number; reason: string }[]
  outbox: { queued: number; failed: number; unconfirmed: number }
  last_inbound_at: number | null
  last_error: string | null
  bot: BotState
}

/** One switch of the bot: of an inbox, or of all of them. */
export interface BotState {
  enabled: boolean
  /** The key of the configuration that holds it off. */
  held_off_by: string | null
}

export interface Health {
  state: string
  reason: string | null
}

export type WaiveReason = 'spam' | 'thanks' | 'duplicate' | 'other'
export interface Waiver {
  reason: WaiveReason
  detail?: string
  seen_position: number
  close: boolean
}

/** How a decision can be taken back, by whoever made it. */
export interface Undoable {
  id: string
  until: number
}

export type DecisionAct = 'waive' | 'close' | 'release' | 'suspect' | 'owe' | 'assign' | 'transfer' | 'snooze' | 'wake'
/** What became of a decision in one conversation: `done`, or why nothing was changed there. */
export type Verdict =
  | 'done'
  | 'nothing_owed'
  | 'reply_owed'
  | 'past_due'
  | 'newer_message'
  | 'answered'
  | 'changed'
  | 'unchanged'
  | 'not_found'

export interface Decision {
  act: DecisionAct
  conversations: { id: string; seen_position: number }[]
  reason?: WaiveReason
  detail?: string
  close?: boolean
  associate?: string | null
  team?: string | null
  until?: number
  late?: boolean
}

export interface NewTransfer {
  associate: string | null
  team: string | null
  note: string
  mentions?: string[]
  seen_position: number
}

/** Somebody at a conversation. */
export interface PresentPerson {
  id: string
  name: string
  doing: 'viewing' | 'replying'
}
export interface VerdictOn {
  id: string
  verdict: Verdict
  conversation: Summary | null
}

/** What the live stream says, by event name. */
export interface LiveEvents {
  hello: { seq: number }
  conversation: { conversation: Summary; messages: Message[]; cause?: string }
  gone: { id: string }
  counts: Counts
  read: { conversation: string; position: number }
  draft: { conversation: string; draft: Draft | null }
  presence: { conversation: string; people: PresentPerson[] }
  inbox: { id: string; health: Health }
  /** An inbox's switch, or with null the one for all. */
  bot: { inbox: string | null; bot: BotState }
  reset: Record<string, never>
}
export const LIVE_EVENTS = [
  'hello',
  'conversation',
  'gone',
  'counts',
  'read',
  'draft',
  'presence',
  'inbox',
  'bot',
  'reset',
] as const satisfies readonly (keyof LiveEvents)[]

/** One step of a decision about whose a conversation is. */
export interface Step {
  type: string
  associate: Named | null
  away: Named | null
  team: string | null
  rule: string | null
  until: number | null
  back_at: number | null
  load: number | null
  conversations: number | null
  chosen: boolean | null
  absent: boolean | null
  skills: string[]
}

export interface StandsIn {
  away: Named
  until: number
}

/** Whose a conversation is, and why. */
export interface Explained {
  known: (Named & { chosen: boolean; conversations: number }) | null
  stands_in: StandsIn | null
  decisions: {
    at: number
    associate: Named | null
    team: string | null
    stands_in: StandsIn | null
    back_at: number | null
    why: Step[]
  }[]
}

export interface Hours {
  zone: string
  weekly: Record<string, string[]>
  days: Record<string, string[]>
}

export interface Attendance {
  hours: Hours | null
  absences: { id: string; from: number; until: number; stand_in: Named | null; reason: string }[]
  capacity: number | null
  skills: string[]
}
