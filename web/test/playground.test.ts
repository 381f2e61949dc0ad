// The customer's phone of the playground: who wrote what, and that nothing typed is lost.
import { render, screen } from '@testing-library/svelte'
import userEvent from '@testing-library/user-event'
import { expect, test, vi } from 'vitest'
import Playground from '../src/playground/Playground.svelte'
import { isRobot, provider } from '../src/playground/provider'
import { speak } from '../src/playground/words.svelte'

test('only what begins with its label is automated', () => {
  expect(isRobot({ body: 'Automated message: Birkholt has received your message.' })).toBe(true)
  expect(isRobot({ body: 'Mensaje automático: Birkholt ha recibido su mensaje.' })).toBe(true)
  expect(isRobot({ body: 'Yes, the umbrella is automatic' })).toBe(false)
})

test('a text that could not be sent stays in its field', async () => {
  const user = userEvent.setup()
  class Events extends EventTarget {
    close(): void {
      // Nothing to close.
    }
  }
  vi.stubGlobal('EventSource', Events)
  vi.spyOn(provider, 'state').mockResolvedValue({
    numbers: { shop: '+4915550000001' },
    customers: [{ number: '+491570000001', address: 'ines@carvalho.example', name: 'Ines' }],
    messages: [],
    faults: [],
    mail: { shops: [], letters: [], away: [], faults: [] },
    chats: {},
  })
  const sms = vi.spyOn(provider, 'sms').mockRejectedValueOnce(new Error('no line')).mockResolvedValue({})
  await speak('en')
  render(Playground)
  const field = await screen.findByRole('textbox')
  await user.type(field, 'Hello{Enter}')
  expect(await screen.findByText(/That did not work/)).toBeInTheDocument()
  expect(field).toHaveValue('Hello')
  await user.type(field, '{Enter}')
  await vi.waitFor(() => expect(field).toHaveValue(''))
  expect(sms).toHaveBeenCalledTimes(2)
})
