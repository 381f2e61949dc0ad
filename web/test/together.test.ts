// Moments in words, names in notes, and who is at a conversation.
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { conversations as api } from '../src/api/calls'
import { fieldOf, momentOf, moments } from '../src/state/moments'
import { fitting, namedIn, typedName } from '../src/state/naming'
import { presence } from '../src/state/presence.svelte'
import { belongs, isUnread } from '../src/state/queue.svelte'
import { session } from '../src/state/session.svelte'
import { me, summary } from './samples'

const people = [
  { id: 'a', name: 'Ann' },
  { id: 'b', name: 'Ann Lee' },
  { id: 'c', name: 'Jonas Weber' },
]

beforeEach(() => {
  vi.useFakeTimers()
  session.me = me
  session.status = 'in'
})
afterEach(() => {
  presence.enter(null)
  presence.clear()
  vi.useRealTimers()
  vi.restoreAllMocks()
})

test('tomorrow and Monday begin at nine by the clock on the wall, whatever the day', () => {
  for (let day = 1; day <= 14; day++) {
    const now = new Date(2026, 2, 20 + day, 22, 17).getTime()
    const list = moments(now)
    const of = (id: string) => new Date(list.find((m) => m.id === id)?.at ?? NaN)
    expect(of('tomorrow').getHours()).toBe(9)
    expect(of('tomorrow').getDate()).toBe(new Date(2026, 2, 21 + day).getDate())
    const monday = list.find((m) => m.id === 'monday')
    if (new Date(now).getDay() === 0) expect(monday).toBeUndefined()
    else expect([new Date(monday?.at ?? 0).getDay(), new Date(monday?.at ?? 0).getHours()]).toEqual([1, 9])
    expect(list.map((m) => m.at)).toEqual(list.map((m) => m.at).sort((x, y) => x - y))
  }
})

test('a chosen moment is one in the future and within a year, or none', () => {
  const now = new Date(2026, 5, 1, 12).getTime()
  expect(momentOf('2026-06-01T13:30', now)).toBe(new Date(2026, 5, 1, 13, 30).getTime())
  expect(fieldOf(new Date(2026, 5, 1, 13, 5).getTime())).toBe('2026-06-01T13:05')
  for (const wrong of ['', 'soon', '2026-06-01T11:59', '2028-01-01T00:00']) expect(momentOf(wrong, now)).toBeNull()
})

test('a text names whom it names, the longest name first, and nobody by a part of another', () => {
  expect(namedIn('@Ann Lee, can you look? @Jonas Weber too', people)).toEqual(['b', 'c'])
  expect(namedIn('@Ann and @Ann Lee', people)).toEqual(['a', 'b'])
  expect(namedIn('@Anna is nobody, and a@Ann.example is', people)).toEqual(['a'])
  expect(namedIn('Ann', people)).toEqual([])
})

test('a name is being typed from its @ to the cursor', () => {
  expect(typedName('Hi @Jo', 6)).toEqual({ from: 3, said: 'Jo' })
  expect(typedName('Hi @', 4)).toEqual({ from: 3, said: '' })
  expect(typedName('a@b', 3)).toBeNull()
  expect(typedName('@Jonas is away now', 18)).toBeNull()
  expect(fitting('we', people).map((one) => one.id)).toEqual(['c'])
  expect(fitting('ann', people).map((one) => one.id)).toEqual(['a', 'b'])
})

test('what is put off stands in its own view, and a note that names me is unread', () => {
  const put = summary({ snoozed_until: 5 })
  expect(belongs('snoozed', put, me.id)).toBe(true)
  for (const view of ['mine', 'unassigned', 'all'] as const) expect(belongs(view, put, me.id)).toBe(false)
  const named = summary({ mentioned: [me.id], named_position: 4, inbound_position: 1, read_position: 3 })
  expect([belongs('mentions', named, me.id), isUnread(named)]).toEqual([true, true])
  expect(isUnread({ ...named, read_position: 4 })).toBe(false)
})

test('presence is told once it was looked at, at once when a reply begins, every ten seconds, and when it ends', async () => {
  const told: string[] = []
  vi.spyOn(api, 'presence').mockImplementation((id, doing) => {
    told.push(`${id} ${doing}`)
    return Promise.resolve({ people: [] })
  })
  presence.enter('one')
  await vi.advanceTimersByTimeAsync(100)
  presence.enter('two')
  await vi.advanceTimersByTimeAsync(399)
  expect(told).toEqual([])
  await vi.advanceTimersByTimeAsync(1)
  presence.writes('one')
  presence.writes('two')
  presence.writes('two')
  expect(told).toEqual(['two viewing', 'two replying'])
  await vi.advanceTimersByTimeAsync(10_000)
  await vi.advanceTimersByTimeAsync(10_000)
  expect(told.slice(2)).toEqual(['two replying', 'two viewing'])
  presence.enter(null)
  expect(told.at(-1)).toBe('two gone')
  await vi.advanceTimersByTimeAsync(60_000)
  expect(told.length).toBe(5)
})

test('nobody who stopped moving is told to be here, and who is not told anew has gone', async () => {
  let told = 0
  vi.spyOn(api, 'presence').mockImplementation(() => {
    told++
    return Promise.resolve({ people: [] })
  })
  presence.enter('one')
  await vi.advanceTimersByTimeAsync(150_000)
  const then = told
  await vi.advanceTimersByTimeAsync(60_000)
  expect(told).toBe(then)
  presence.take('one', [
    { id: me.id, name: 'Me', doing: 'viewing' },
    { id: 'other', name: 'Other', doing: 'replying' },
  ])
  expect(presence.others('one').map((one) => one.id)).toEqual(['other'])
  await vi.advanceTimersByTimeAsync(18_000)
  expect(presence.others('one')).toEqual([])
})
