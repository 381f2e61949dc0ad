// Drafts between tabs and devices: what was sent elsewhere goes, what is newer stays.
import { beforeEach, expect, test, vi } from 'vitest'
import { conversations as api } from '../src/api/calls'
import { Lost } from '../src/api/http'
import { drafts } from '../src/state/drafts.svelte'
import { session } from '../src/state/session.svelte'
import { me } from './samples'

const type = (text: string) => {
  drafts.of('cv_1').reply = text
  drafts.changed('cv_1')
}
async function saved(text: string) {
  type(text)
  drafts.flush()
  await vi.waitFor(() => expect(drafts.of('cv_1').saved).toBe('saved'))
}

beforeEach(() => {
  vi.restoreAllMocks()
  localStorage.clear()
  drafts.end()
  session.me = me
  session.status = 'in'
  vi.spyOn(api, 'saveDraft').mockResolvedValue()
  vi.spyOn(api, 'dropDraft').mockResolvedValue()
})

test('a text that was sent from another tab goes here too, also where it was touched and put back', async () => {
  await saved('On its way')
  type('On its way.')
  type('On its way')
  drafts.fromServer('cv_1', null)
  expect(drafts.of('cv_1')).toMatchObject({ reply: '', saved: 'clean' })
})

test('a note that was just begun beside it stays', async () => {
  await saved('On its way')
  drafts.of('cv_1').aside = 'Ask Jonas'
  drafts.changed('cv_1')
  drafts.fromServer('cv_1', null)
  expect(drafts.of('cv_1')).toMatchObject({ reply: '', aside: 'Ask Jonas' })
})

test('newer words stay when an older text was sent from another tab', async () => {
  await saved('On its way')
  type('On its way, and one more thing')
  drafts.fromServer('cv_1', null)
  expect(drafts.of('cv_1')).toMatchObject({ reply: 'On its way, and one more thing', saved: 'dirty' })
})

test('a text that came back by an undo stays, however late the word of its sending', async () => {
  await saved('On its way')
  drafts.clear('cv_1')
  drafts.restore('cv_1', 'On its way', [], 0)
  drafts.fromServer('cv_1', null)
  expect(drafts.of('cv_1').reply).toBe('On its way')
})

test('an answer that was asked for before the person typed takes nothing away', async () => {
  const asked = Date.now() - 1_000
  await saved('Typed while it loaded')
  drafts.fromServer('cv_1', null, asked)
  expect(drafts.of('cv_1').reply).toBe('Typed while it loaded')
})

test('what could not be saved stays', async () => {
  vi.mocked(api.saveDraft).mockRejectedValue(new Lost('no answer'))
  type('Unsaved')
  drafts.flush()
  await vi.waitFor(() => expect(drafts.of('cv_1').saved).toBe('dirty'))
  drafts.fromServer('cv_1', null)
  expect(drafts.of('cv_1').reply).toBe('Unsaved')
})
