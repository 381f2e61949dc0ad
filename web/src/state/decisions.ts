// What a person decides about one conversation or many at one stroke, and takes back: asked of the bridge, shown as it
// answers, and said in one sentence with one Undo. What could not be decided about is counted, with why.
import { decisions as api } from '../api/calls'
import { Problem } from '../api/http'
import type { Decision, DecisionAct, Undoable, Verdict, VerdictOn } from '../api/types'
import { stream } from '../live/stream.svelte'
import { t } from '../text/index.svelte'
import { conversations } from './conversations.svelte'
import { queue } from './queue.svelte'
import { toasts } from './toasts.svelte'

/** Long enough to read what became of many; the bridge would take it back for minutes more. */
const OFFERED = 20_000

/** The toast that offers to take the latest decision back. */
let offered = 0

/** The last position of a conversation that this tab shows: in its timeline, or in the list where that is not loaded. */
export function latest(id: string): number {
  const conversation = conversations.peek(id)
  return conversation?.loaded ? conversation.position : (queue.known.get(id)?.position ?? 0)
}

/** Decides about conversations, as far as they were seen. Gives those that it was done in. */
export async function decide(act: DecisionAct, ids: string[], why: Partial<Decision> = {}): Promise<string[]> {
  const about = ids.map((id) => ({ id, seen_position: latest(id) }))
  try {
    const { undo, results } = await api.decide({ act, conversations: about, ...why })
    const done = take(results)
    const left = whyLeft(results)
    if (done.length > 0) offer([doneSays(act, done.length), ...left].join(' '), undo)
    else toasts.fail(left.join(' '))
    return done
  } catch (error) {
    fail(error)
    return []
  }
}

function doneSays(act: DecisionAct, count: number): string {
  if (act === 'assign' || act === 'transfer' || act === 'snooze' || act === 'wake') return t.together.done[act](count)
  return t.apart.done[act](count)
}

/** Says that something was decided, with a way to take it back. */
export function offer(text: string, undo: Undoable | null | undefined): void {
  if (!undo) return void toasts.say(text)
  const action = { label: t.undo, run: () => void takeBack(undo.id), key: 'undo' }
  // One at a time: two that say Undo would leave it open which is meant.
  toasts.drop(offered)
  offered = toasts.show({ kind: 'status', text, action }, OFFERED)
}

async function takeBack(decision: string): Promise<void> {
  try {
    const { results } = await api.undo(decision)
    const done = take(results)
    const left = whyLeft(results)
    if (done.length > 0) toasts.say([t.apart.takenBack(done.length), ...left].join(' '))
    else toasts.fail(left.join(' '))
  } catch (error) {
    const late = error instanceof Problem && error.code === 'too_late'
    if (late) toasts.fail(t.apart.tooLate)
    else fail(error)
  }
}

function fail(error: unknown): void {
  toasts.fail(error instanceof Problem ? error.detail || t.wentWrong : t.noAnswer)
}

/** Shows each as it is now, and gives those in which it was done. */
function take(results: VerdictOn[]): string[] {
  for (const { id, conversation } of results) {
    if (conversation) queue.take(conversation, stream.seq)
    conversations.stale(id)
  }
  return results.flatMap(({ id, verdict }) => (verdict === 'done' ? [id] : []))
}

/** A sentence for each reason why some were left as they are. */
export function whyLeft(results: VerdictOn[]): string[] {
  const counts = new Map<Verdict, number>()
  for (const { verdict } of results) counts.set(verdict, (counts.get(verdict) ?? 0) + 1)
  return [...counts].flatMap(([verdict, count]) => (verdict === 'done' ? [] : [t.apart.left[verdict](count)]))
}
