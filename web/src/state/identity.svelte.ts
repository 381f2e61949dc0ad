// Who a customer is, as far as the bridge tells it on a card, and what a person decides about that.
import { contacts as api, handles } from '../api/calls'
import { Problem } from '../api/http'
import type { Handle, MergePreview } from '../api/types'
import { t } from '../text/index.svelte'
import { conversations } from './conversations.svelte'
import { toasts } from './toasts.svelte'

const said = (error: unknown) => (error instanceof Problem ? error.detail || t.wentWrong : t.noAnswer)

/** Runs an act, says how it went, and has the conversation fetched anew. */
async function decide<R>(conversation: string, act: () => Promise<R>, says: (done: R) => void): Promise<boolean> {
  try {
    says(await act())
    await conversations.get(conversation).load()
    return true
  } catch (error) {
    toasts.fail(said(error))
    return false
  }
}

export const identity = {
  share: (conversation: string, handle: Handle, shared: boolean) =>
    decide(
      conversation,
      () => handles.share(handle.id, shared),
      () => toasts.say(shared ? t.identity.sharedNow : t.identity.unsharedNow),
    ),

  choose: (conversation: string, contact: string, field: string, value: string) =>
    decide(
      conversation,
      () => api.choose(contact, field, value),
      () => toasts.say(t.identity.chosen),
    ),

  dismiss: (conversation: string, contact: string, other: string) =>
    decide(
      conversation,
      () => api.apart(contact, other),
      () => toasts.say(t.identity.dismissed),
    ),

  part: (conversation: string, merge: string) =>
    decide(
      conversation,
      () => api.part(merge),
      () => toasts.say(t.identity.parted),
    ),

  merge: (conversation: string, preview: MergePreview, reason: string) =>
    decide(
      conversation,
      () => api.merge(preview.into.id, preview.from.id, reason),
      ({ merge }) =>
        toasts.say(t.identity.merged, {
          label: t.identity.undo,
          key: 'undo',
          run: () => void identity.part(conversation, merge),
        }),
    ),
}
