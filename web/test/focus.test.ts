// Focus that is lost with what had it goes to the nearest thing left, and never to nobody.
import { render, screen } from '@testing-library/svelte'
import { createRawSnippet } from 'svelte'
import { afterEach, beforeAll, expect, test } from 'vitest'
import Dialog from '../src/ui/Dialog.svelte'
import { keepFocus } from '../src/ui/focus'

const settled = () => new Promise((next) => setTimeout(next))
const el = (query: string) => document.querySelector<HTMLElement>(query) as HTMLElement

beforeAll(() => keepFocus(['#thread .log', '#thread']))
afterEach(() => (document.body.innerHTML = ''))

test('a button that goes after its act leaves focus in the log of its conversation', async () => {
  document.body.innerHTML =
    '<main id="thread" tabindex="-1"><button>Take it</button><div class="log" tabindex="0"></div></main>'
  el('button').focus()
  el('button').remove()
  await settled()
  expect(el('.log')).toHaveFocus()
})

test('the log of a conversation that still loads hands focus on to the one that comes', async () => {
  document.body.innerHTML = '<main id="thread" tabindex="-1"><div class="log" tabindex="-1"></div></main>'
  el('.log').focus()
  el('#thread').innerHTML = '<div class="log" tabindex="0">Hello</div>'
  await settled()
  expect(document.activeElement).toHaveTextContent('Hello')
})

test('who left by themselves is not called back', async () => {
  document.body.innerHTML = '<main id="thread" tabindex="-1"><button>Take it</button></main>'
  el('button').focus()
  el('button').blur()
  await settled()
  el('button').remove()
  await settled()
  expect(document.body).toHaveFocus()
})

const children = createRawSnippet(() => ({
  render: () =>
    '<form class="form"><input type="radio" name="r" /><input aria-label="Why?" /><button>Go</button></form>',
}))

test('a dialog that is taken away gives focus back to what opened it', () => {
  document.body.innerHTML = '<button>More</button>'
  el('button').focus()
  const { unmount } = render(Dialog, { title: 'Block', onclose: () => undefined, children })
  screen.getByRole('textbox').focus()
  unmount()
  expect(el('button')).toHaveFocus()
})

test('where what opened it is gone, focus goes to the conversation', () => {
  document.body.innerHTML = '<button>Cancel</button><main id="thread" tabindex="-1"></main>'
  el('button').focus()
  const { unmount } = render(Dialog, { title: 'Block', onclose: () => undefined, children })
  screen.getByRole('textbox').focus()
  el('button').remove()
  unmount()
  expect(el('#thread')).toHaveFocus()
})

test('a dialog opens on its first field, and never on what closes it', () => {
  render(Dialog, { title: 'Block', onclose: () => undefined, children })
  expect(screen.getByRole('textbox')).toHaveFocus()
})

test('the key that opened a dialog and is still held decides nothing in it', () => {
  render(Dialog, { title: 'Block', onclose: () => undefined, children })
  const field = document.activeElement as HTMLElement
  const press = (repeat: boolean) =>
    field.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', repeat, bubbles: true, cancelable: true }))
  expect(press(true)).toBe(false)
  expect(press(false)).toBe(true)
})
