// Many decided about at one stroke: what is asked of the bridge, what is said of it, and that one Undo takes it back.
import { beforeEach, expect, test, vi } from 'vitest'
import { decisions as api } from '../src/api/calls'
import { Problem } from '../src/api/http'
import type { Summary, Verdict } from '../src/api/types'
import { activityText } from '../src/inbox/activity'
import { decide } from '../src/state/decisions'
import { queue } from '../src/state/queue.svelte'
import { session } from '../src/state/session.svelte'
import { toasts } from '../src/state/toasts.svelte'
import { me, message, summary } from './samples'

const undo = { id: 'dec_1', until: 0 }
const result = (id: string, verdict: Verdict, conversation: Summary | null = null) => ({ id, verdict, conversation })
const said = () => toasts.list.map((toast) => `${toast.kind}: ${toast.text}`)

beforeEach(() => {
  vi.restoreAllMocks()
  queue.clear()
  session.me = me
  for (const { id } of toasts.list) toasts.drop(id)
  for (const id of ['cv_1', 'cv_2', 'cv_3']) queue.take(summary({ id, position: Number(id.slice(3)) }), 0)
})

test('each is decided about as far as it was seen, shown as it is now, and the others are counted with why', async () => {
  const ask = vi.spyOn(api, 'decide').mockResolvedValue({
    undo,
    results: [
      result('cv_1', 'done', summary({ id: 'cv_1', state: 'closed' })),
      result('cv_2', 'newer_message', summary({ id: 'cv_2', position: 9 })),
      result('cv_3', 'newer_message'),
    ],
  })
  const done = await decide('waive', ['cv_1', 'cv_2', 'cv_3'], { reason: 'spam', close: true })
  expect(ask).toHaveBeenCalledExactlyOnceWith({
    act: 'waive',
    conversations: [1, 2, 3].map((at) => ({ id: `cv_${at}`, seen_position: at })),
    reason: 'spam',
    close: true,
  })
  expect(done).toEqual(['cv_1'])
  expect(queue.known.get('cv_1')?.state).toBe('closed')
  expect(said()).toEqual(['status: 1 needs no answer. 2 were left: the customer wrote meanwhile.'])
})

test('undo takes all of it back, and names what could not be', async () => {
  vi.spyOn(api, 'decide').mockResolvedValue({ undo, results: [result('cv_1', 'done'), result('cv_2', 'done')] })
  const back = vi.spyOn(api, 'undo').mockResolvedValue({
    results: [result('cv_1', 'done', summary({ id: 'cv_1', waiting_since: 5 })), result('cv_2', 'answered')],
  })
  await decide('close', ['cv_1', 'cv_2'])
  expect(toasts.undo()).toBe(true)
  expect(toasts.undo()).toBe(false)
  await vi.waitFor(() => expect(said()).toEqual(['status: Taken back. 1 was left: somebody has answered since.']))
  expect(back).toHaveBeenCalledExactlyOnceWith('dec_1')
  expect(queue.known.get('cv_1')?.waiting_since).toBe(5)
})

test('of two decisions the later one is offered to be taken back, and nothing else', async () => {
  vi.spyOn(api, 'decide').mockResolvedValue({ undo, results: [result('cv_1', 'done')] })
  await decide('suspect', ['cv_1'])
  await decide('release', ['cv_1'])
  expect(said()).toEqual(['status: 1 is back among the others.'])
})

test('where nothing was done there is nothing to take back', async () => {
  vi.spyOn(api, 'decide').mockResolvedValue({ undo: null, results: [result('cv_1', 'nothing_owed')] })
  expect(await decide('waive', ['cv_1'], { reason: 'spam' })).toEqual([])
  expect(said()).toEqual(['alert: 1 was left: no answer was owed.'])
  expect(toasts.undo()).toBe(false)
})

test('a refusal is said, and that it is too late', async () => {
  vi.spyOn(api, 'decide').mockRejectedValueOnce(new Problem(422, 'invalid', 'Too many.', {}))
  expect(await decide('release', ['cv_1'])).toEqual([])
  vi.spyOn(api, 'decide').mockResolvedValue({ undo, results: [result('cv_1', 'done')] })
  vi.spyOn(api, 'undo').mockRejectedValue(new Problem(409, 'too_late', 'Too late.', {}))
  await decide('release', ['cv_1'])
  toasts.undo()
  await vi.waitFor(() =>
    expect(said()).toEqual(['alert: Too many.', 'alert: Too late: this can be taken back for ten minutes.']),
  )
})

test('the timeline says who decided what, and who took it back', () => {
  const by = { id: 'as_jonas', name: 'Jonas' }
  const text = (type: string, act?: 'waive' | 'release') =>
    activityText(message({ kind: 'activity', activity: { type, by, act: act ?? null } }), 'as_me', null)
  expect(text('not_suspected')).toBe('Jonas: not suspected')
  expect(text('owed')).toBe('Jonas: this needs an answer')
  expect(text('taken_back', 'waive')).toBe('Jonas took back that no answer is needed')
  expect(text('taken_back', 'release')).toBe('Jonas: suspected after all')
})
