// Who is signed in, over all tabs of a browser that several people use.
import { render, screen } from '@testing-library/svelte'
import userEvent from '@testing-library/user-event'
import { beforeEach, expect, test, vi } from 'vitest'
import { session as api } from '../src/api/calls'
import { Lost, Problem } from '../src/api/http'
import Account from '../src/pages/Account.svelte'
import { Session, session } from '../src/state/session.svelte'
import Toasts from '../src/ui/Toasts.svelte'
import { me } from './samples'

const jonas = { ...me, id: 'as_jonas', name: 'Jonas Brandt' }

function tab() {
  const one = new Session()
  const ended = vi.fn()
  const afresh = vi.fn()
  Object.assign(one, { onEnd: ended, afresh })
  return { one, ended, afresh }
}

beforeEach(() => {
  vi.restoreAllMocks()
  session.afresh = () => undefined
  localStorage.clear()
})

test('a tab that finds somebody else signed in ends first, and begins anew', async () => {
  vi.stubGlobal('BroadcastChannel', undefined)
  const { one, ended, afresh } = tab()
  one.begin(me)
  vi.spyOn(api, 'me').mockResolvedValue(jonas)
  await one.check()
  expect(ended).toHaveBeenCalledOnce()
  expect(afresh).toHaveBeenCalledOnce()
  expect(one).toMatchObject({ me: null, status: 'out' })
  vi.unstubAllGlobals()
})

test('so does a page that comes back out of the browser’s memory', async () => {
  const { one, afresh } = tab()
  one.begin(me)
  vi.spyOn(api, 'me').mockResolvedValue(jonas)
  dispatchEvent(Object.assign(new Event('pageshow'), { persisted: true }))
  await vi.waitFor(() => expect(afresh).toHaveBeenCalledOnce())
})

test('a page that makes way hears nothing more, and leaves once', async () => {
  vi.stubGlobal('BroadcastChannel', undefined)
  const { one, afresh } = tab()
  one.begin(me)
  // Two answers that were under way at once, as where several tabs tell of the same sign-in.
  one.begin(jonas)
  one.begin(jonas)
  one.begin(me)
  expect(afresh).toHaveBeenCalledOnce()
  expect(one.status).toBe('out')
  vi.unstubAllGlobals()
})

test('the same person after a broken line stays, with what is known anew', async () => {
  const { one, ended } = tab()
  one.begin(me)
  vi.spyOn(api, 'me').mockResolvedValue({ ...me, name: 'Noor H.' })
  await one.check()
  expect(one.me?.name).toBe('Noor H.')
  expect(ended).not.toHaveBeenCalled()
})

test('signing out and in is told to the other tabs at once', async () => {
  vi.spyOn(api, 'signOut').mockResolvedValue()
  const who = vi.spyOn(api, 'me').mockRejectedValue(new Problem(401, 'unauthorized', '', {}))
  const [here, there] = [tab(), tab()]
  here.one.begin(me)
  there.one.begin(me)
  await here.one.signOut()
  expect(here.ended).toHaveBeenLastCalledWith(true)
  await vi.waitFor(() => expect(there.one.status).toBe('out'))
  expect(there.ended).toHaveBeenLastCalledWith(false)
  who.mockResolvedValue(me)
  here.one.begin(me)
  await vi.waitFor(() => expect(there.one.status).toBe('in'))
  tab().one.begin(jonas)
  await vi.waitFor(() => expect(there.afresh).toHaveBeenCalledOnce())
  expect(here.one.status).toBe('out')
})

test('without a line nobody is signed out, and it says so', async () => {
  vi.spyOn(api, 'signOut').mockRejectedValue(new Lost('no answer'))
  localStorage.setItem('rapport.as_me.draft.cv_1', '{}')
  Object.assign(session, { me, status: 'in' })
  render(Account)
  render(Toasts)
  await userEvent.click(screen.getByRole('button', { name: 'Sign out' }))
  expect(await screen.findByText(/You are still signed in/)).toBeInTheDocument()
  expect(session.status).toBe('in')
  expect(localStorage.getItem('rapport.as_me.draft.cv_1')).toBe('{}')
})

test('an end that the bridge tells by its answer keeps what was written here', async () => {
  const { one, ended } = tab()
  one.begin(me)
  localStorage.setItem('rapport.as_me.draft.cv_1', '{}')
  vi.spyOn(api, 'me').mockRejectedValue(new Problem(401, 'unauthorized', '', {}))
  await one.check()
  expect(ended).toHaveBeenCalledWith(false)
  expect(one.ended).toBe(true)
  expect(localStorage.getItem('rapport.as_me.draft.cv_1')).toBe('{}')
})
