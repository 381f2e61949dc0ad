// What each live event does to the state, and what begins and ends with a session. The one place that ties
// stream, queue, conversations, drafts and outbox together.
import { untrack } from 'svelte'
import { stream } from '../live/stream.svelte'
import { conversations } from './conversations.svelte'
import { drafts } from './drafts.svelte'
import { health } from './health.svelte'
import { line } from './line.svelte'
import { outbox } from './outbox.svelte'
import { picked } from './picked.svelte'
import { presence } from './presence.svelte'
import { queue } from './queue.svelte'
import { router } from '../router.svelte'
import { session } from './session.svelte'
import { VIEWS } from '../api/types'

/** After one of these the reply's route may have changed, and only the bridge knows how. */
const ROUTE_CHANGES = new Set([
  'blocked',
  'unblocked',
  'opted_out',
  'opted_in',
  'new_owner',
  'new_owner_undone',
  'merged',
  'linked',
  'parted',
  'shared',
  'unshared',
])

export function tieLive(): void {
  line.start()
  drafts.start()
  outbox.start()
  presence.start()

  stream.on('conversation', ({ conversation, messages }, seq) => {
    const summary = queue.take(conversation, seq)
    conversations.takeMessages(summary.contact.id, summary.id, messages, seq)
    const naming = messages.findLast(
      (m) => m.author.id !== session.me?.id && m.mentions?.includes(session.me?.id ?? ''),
    )
    if (naming) queue.mark(summary.id, { named_position: naming.position })
    if (conversations.peek(summary.id)?.failed === 'missing') reopen(summary.id)
    // What a letter is about and whom it names is offered to the next reply.
    const letters = conversations.peek(summary.id)?.reply?.capabilities?.letters ?? false
    const named = letters && messages.some((m) => m.kind === 'inbound')
    // Who could not be written to, or could not until now, is told with the conversation alone.
    const away = conversations.peek(summary.id)?.contact?.handles.some((h) => h.unreachable_at !== null) ?? false
    const reach = messages.some((m) => m.delivery === 'failed' || (away && m.kind === 'inbound'))
    if (named || reach || messages.some((m) => m.unanswerable || (m.activity && ROUTE_CHANGES.has(m.activity.type)))) {
      conversations.stale(summary.id)
      reopen(summary.id)
    }
  })
  stream.on('counts', (counts, seq) => queue.takeCounts(counts, seq))
  stream.on('gone', ({ id }) => {
    // First, while the queue still knows who has it.
    conversations.drop(id)
    queue.drop(id)
  })
  stream.on('read', ({ conversation, position }) => queue.mark(conversation, { read_position: position }))
  stream.on('draft', ({ conversation, draft }) => {
    queue.mark(conversation, { has_draft: draft !== null })
    drafts.fromServer(conversation, draft)
  })
  stream.on('presence', ({ conversation, people }) => presence.take(conversation, people))
  stream.on('inbox', ({ id, health: state }) => health.take(id, state))
  stream.on('bot', ({ inbox, bot }) => health.takeBot(inbox, bot))
  stream.on('reset', () => {
    void health.load()
    conversations.stale()
    for (const view of VIEWS) if (queue.views[view].loaded) void queue.load(view)
    if (router.route.name === 'inbox' && router.route.conversation) reopen(router.route.conversation)
  })

  $effect.root(() => {
    $effect(() => {
      if (stream.state === 'refused' || stream.state === 'closed') untrack(() => void session.check())
    })
  })

  session.onStart = () => {
    stream.open()
    drafts.resume()
    outbox.resume()
    void health.load()
  }
  session.onEnd = (everywhere) => {
    stream.close(everywhere)
    drafts.end()
    outbox.end()
    conversations.clear()
    queue.clear()
    picked.clear()
    presence.clear()
    health.clear()
  }
}

function reopen(id: string): void {
  const route = router.route
  if (route.name === 'inbox' && route.conversation === id) conversations.open(id)
}
