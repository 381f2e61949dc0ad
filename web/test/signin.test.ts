// Signing in: what is said where it does not work.
import { render, screen } from '@testing-library/svelte'
import userEvent from '@testing-library/user-event'
import { expect, test, vi } from 'vitest'
import SignIn from '../src/pages/SignIn.svelte'

test('after too many tries it says the real wait', async () => {
  const refused = new Response('{"code":"too_many_attempts","detail":""}', {
    status: 429,
    headers: { 'content-type': 'application/problem+json', 'retry-after': '871' },
  })
  vi.spyOn(globalThis, 'fetch').mockResolvedValue(refused)
  render(SignIn)
  await userEvent.type(screen.getByLabelText('E-mail'), 'ana@example.org')
  await userEvent.type(screen.getByLabelText('Password'), 'wrong')
  await userEvent.click(screen.getByRole('button', { name: 'Sign in' }))
  expect(await screen.findByText('Too many tries. Try again in 15 minutes.')).toBeInTheDocument()
})
