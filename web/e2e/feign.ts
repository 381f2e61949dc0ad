// Answers in the bridge's place, for what no test can bring about in time: ten thousand conversations, another channel,
// an assistant, a sender that can't be written to. The shapes are the API's; everything else stays the real bridge's.
import type { Page, Route } from '@playwright/test'
import type { Counts, Detail, Message, QueuePage, Summary } from '../src/api/types'
import * as sample from '../test/samples'

export const counts: Counts = {
  mine: 0,
  unassigned: 0,
  all: 0,
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

export const summary = (change: Partial<Summary> = {}): Summary =>
  sample.summary({ inbox: 'shop-sms', assignee: null, last_at: Date.now(), read_position: 1, ...change })

export const message = (change: Partial<Message> = {}): Message =>
  sample.message({ id: `ms_${change.position ?? 1}`, inbox: 'shop-sms', at: Date.now(), ...change })

export const detail = (conversation: Summary, messages: Message[], change: Partial<Detail> = {}): Detail => ({
  conversation,
  contact: {
    id: conversation.contact.id,
    name: conversation.contact.name,
    external_ref: null,
    created_at: Date.UTC(2021, 3, 1),
    conversations_count: 1,
    handles: [],
  },
  messages: { items: messages, before: null },
  obligations: [],
  draft: null,
  reply: {
    inbox: 'shop-sms',
    channel: conversation.channel,
    to: conversation.contact.address,
    from: '+4915550000001',
    can_reply: true,
    reason: null,
    reply_until: null,
    capabilities: sample.capabilities({ longest_text: 6_400, text_unit: 'sms_segments', attachment_limit: 0 }),
    suggested_subject: null,
    offered: [],
  },
  ...change,
})

const json = (route: Route, body: unknown) =>
  route.fulfill({ contentType: 'application/json', body: JSON.stringify(body) })

/** One conversation that stands alone in the team queue. */
export async function one(page: Page, given: Detail): Promise<void> {
  await list(page, [given.conversation])
  await page.route(`**/api/v1/conversations/${given.conversation.id}`, (route) => json(route, given))
  await page.route(`**/api/v1/conversations/${given.conversation.id}/read`, (route) => route.fulfill({ status: 204 }))
}

/** What the list holds, whichever view asks; `each` rows an answer. */
export async function list(page: Page, items: Summary[], each = 1_000): Promise<void> {
  await page.route(/\/api\/v1\/conversations\?/, (route) => {
    const from = Number(new URL(route.request().url()).searchParams.get('cursor') ?? 0)
    const to = from + each
    const body: QueuePage = {
      items: items.slice(from, to),
      next: to < items.length ? String(to) : null,
      counts: { ...counts, unassigned: items.length, all: items.length },
    }
    return json(route, body)
  })
}

/** Changes an answer of the bridge on its way. */
export async function twist(page: Page, url: string | RegExp, change: (body: Detail) => void): Promise<void> {
  await page.route(url, async (route) => {
    if (route.request().method() !== 'GET') return route.fallback()
    const response = await route.fetch()
    const body = (await response.json()) as Detail
    change(body)
    return route.fulfill({ response, json: body })
  })
}
