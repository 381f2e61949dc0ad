// The button that opens a menu.
import { render, screen } from '@testing-library/svelte'
import userEvent from '@testing-library/user-event'
import { createRawSnippet } from 'svelte'
import { expect, test, vi } from 'vitest'
import Menu from '../src/ui/Menu.svelte'

test('a menu that was chosen from opens again with the next press, however late the browser tells that it closed', async () => {
  const user = userEvent.setup()
  const onchoose = vi.fn()
  const button = createRawSnippet(() => ({ render: () => '<span>…</span>' }))
  render(Menu, { label: 'More', choices: [{ id: 'block', label: 'Block' }], onchoose, button })
  const more = screen.getByRole('button', { name: 'More' })
  await user.click(more)
  expect(more).toHaveAttribute('aria-expanded', 'true')
  await user.click(screen.getByText('Block'))
  expect(onchoose).toHaveBeenCalledWith('block')
  await user.click(more)
  expect(more).toHaveAttribute('aria-expanded', 'true')
})
