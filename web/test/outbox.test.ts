// Two tabs of one person: each shows what waits in the other, one sends it, and neither writes over the other.
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { conversations as api } from '../src/api/calls'
import { Lost, Problem } from '../src/api/http'
import type { Detail } from '../src/api/types'
import { conversations } from '../src/state/conversations.svelte'
import { Outbox } from '../src/state/outbox.svelte'
import { session } from '../src/state/session.svelte'
import { me, message, mine, summary } from './samples'

type Work = () => Promise<void> | undefined

/** The browser's locks, as far as tabs use them. */
class Locks {
  #held = new Map<string, { end: (lost?: Error) => void; queue: (() => void)[] }>()
  request(name: string, { steal }: { steal: boolean }, work: Work): Promise<void> {
    const held = this.#held.get(name)
    if (held && !steal) return new Promise((done) => held.queue.push(() => void this.#hold(name, work).then(done)))
    if (held) held.end(new DOMException('stolen', 'AbortError'))
    return this.#hold(name, work, held?.queue)
  }
  async #hold(name: string, work: Work, queue: (() => void)[] = []): Promise<void> {
    await new Promise<void>((done, fail) => {
      const mine = { end: (lost?: Error) => (lost ? fail(lost) : done()), queue }
      this.#held.set(name, mine)
      void Promise.resolve(work()).then(() => {
        if (this.#held.get(name) === mine) this.#held.delete(name)
        done()
        mine.queue.shift()?.()
      })
    })
  }
}

const what = {
  conversation: 'cv_1',
  name: 'Ines',
  kind: 'reply' as const,
  attachments: [],
  close: false,
  seen: 1,
  cursor: 0,
}
const sent = (text: string) => ({ message: mine({ id: text, position: 9, text }), conversation: summary() })
const texts = (tab: Outbox) => tab.list.map((p) => [p.text, p.state])

/** What the browser tells every other tab after a change. */
function told(): void {
  for (const key of names) for (const hear of listeners) hear(new StorageEvent('storage', { key }))
}
const names = new Set<string>()
const listeners = new Set<(event: Event) => void>()
const tabs: Outbox[] = []
function tab(): Outbox {
  const outbox = new Outbox()
  outbox.start()
  outbox.resume()
  tabs.push(outbox)
  return outbox
}

beforeEach(() => {
  vi.restoreAllMocks()
  localStorage.clear()
  conversations.clear()
  names.clear()
  listeners.clear()
  vi.spyOn(globalThis, 'addEventListener').mockImplementation((_, listener) => {
    listeners.add(listener as (event: Event) => void)
  })
  const set = Storage.prototype.setItem
  vi.spyOn(Storage.prototype, 'setItem').mockImplementation(function (this: Storage, name, value) {
    names.add(name)
    set.call(this, name, value)
  })
  session.me = me
  session.status = 'in'
  Object.defineProperty(navigator, 'locks', { value: new Locks(), configurable: true })
})
afterEach(() => {
  tabs.splice(0).forEach((outbox) => outbox.end())
  Reflect.deleteProperty(navigator, 'locks')
})

test('the tab in which send was pressed sends and offers undo, also where another is quicker', async () => {
  const undo_until = message().at + 7_000
  const answer = { ...sent('Mine'), message: mine({ position: 9, text: 'Mine', undo_until }) }
  vi.spyOn(api, 'reply').mockResolvedValue(answer)
  const first = tab()
  const second = tab()
  const locks = navigator.locks as unknown as Locks
  const request = locks.request.bind(locks)
  vi.spyOn(locks, 'request').mockImplementationOnce(async (...asked) => {
    await new Promise((next) => setTimeout(next, 50))
    return request(...asked)
  })
  first.send({ ...what, text: 'Mine' })
  told()
  await vi.waitFor(() => expect([first.undoable.length, second.undoable.length]).toEqual([1, 0]))
})

test('what is held in one tab outlives a send from another, and stands in both', async () => {
  const reply = vi.spyOn(api, 'reply').mockRejectedValueOnce(new Problem(409, 'newer_message', '', { newer: [] }))
  const first = tab()
  const second = tab()
  first.send({ ...what, text: 'Held' })
  await vi.waitFor(() => expect(texts(first)).toEqual([['Held', 'held']]))
  told()
  expect(texts(second)).toEqual([['Held', 'held']])
  reply.mockResolvedValue(sent('Other'))
  second.send({ ...what, text: 'Other' })
  await vi.waitFor(() => expect(texts(second)).toEqual([['Held', 'held']]))
  expect(texts(tab())).toEqual([['Held', 'held']])
})

test('one tab sends what waits, and it goes from the other when it is done', async () => {
  let answer: (said: ReturnType<typeof sent>) => void = () => undefined
  const reply = vi.spyOn(api, 'reply').mockReturnValue(new Promise((done) => (answer = done)))
  const first = tab()
  first.send({ ...what, text: 'Once' })
  const second = tab()
  expect(texts(second)).toEqual([['Once', 'sending']])
  answer(sent('Once'))
  await vi.waitFor(() => expect(texts(first)).toEqual([]))
  told()
  expect(texts(second)).toEqual([])
  expect(reply).toHaveBeenCalledOnce()
})

test('a tab that goes leaves what it had to the other', async () => {
  const reply = vi.spyOn(api, 'reply').mockRejectedValueOnce(new Lost('no answer')).mockResolvedValue(sent('Left'))
  const first = tab()
  const second = tab()
  first.send({ ...what, text: 'Left' })
  await vi.waitFor(() => expect(texts(first)).toEqual([['Left', 'waiting']]))
  told()
  first.end()
  await vi.waitFor(() => expect(texts(second)).toEqual([]), { timeout: 4_000 })
  expect(reply.mock.calls[0]?.[1]).toBe(reply.mock.calls[1]?.[1])
})

test('sending anyway passes what the bridge named, and not what came after it', async () => {
  const newer = [message({ id: 'new', position: 2 })]
  vi.spyOn(api, 'open').mockResolvedValue({
    conversation: summary(),
    contact: { id: 'ct_1' },
    messages: { items: [message()], before: null },
    draft: null,
  } as unknown as Detail)
  await conversations.get('cv_1').load()
  const reply = vi
    .spyOn(api, 'reply')
    .mockRejectedValueOnce(new Problem(409, 'newer_message', '', { newer }))
    .mockResolvedValue(sent('Anyway'))
  const first = tab()
  first.send({ ...what, text: 'Anyway' })
  await vi.waitFor(() => expect(texts(first)).toEqual([['Anyway', 'held']]))
  conversations.takeMessages('ct_1', 'cv_1', [message({ id: 'later', position: 3 })], 3)
  first.sendAnyway(first.list[0]?.key ?? '')
  await vi.waitFor(() => expect(texts(first)).toEqual([]))
  expect(reply.mock.calls[1]?.[2].seen_position).toBe(2)
})

test('what one tab holds can be decided in the other', async () => {
  const newer = [message({ id: 'new', position: 2 })]
  const reply = vi
    .spyOn(api, 'reply')
    .mockRejectedValueOnce(new Problem(409, 'newer_message', '', { newer }))
    .mockResolvedValue(sent('Anyway'))
  const first = tab()
  const second = tab()
  first.send({ ...what, text: 'Anyway' })
  await vi.waitFor(() => expect(texts(first)).toEqual([['Anyway', 'held']]))
  told()
  second.sendAnyway(second.list[0]?.key ?? '')
  await vi.waitFor(() => expect(texts(second)).toEqual([]))
  told()
  expect(texts(first)).toEqual([])
  expect(reply).toHaveBeenCalledTimes(2)
})
