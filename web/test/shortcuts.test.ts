// Every line of the shortcut table works as it stands there: pressed, remapped, turned off, and inert while typing.
import { render, screen } from '@testing-library/svelte'
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import ShortcutList from '../src/inbox/ShortcutList.svelte'
import { shortcuts } from '../src/keys/shortcuts.svelte'
import { keysOf, SHORTCUTS, SHORTCUT_IDS, strokeOf } from '../src/keys/table'
import { prefs } from '../src/state/prefs.svelte'
import { t } from '../src/text/index.svelte'

function press(keys: string, target: EventTarget = document.body): void {
  for (const stroke of keys.split(' ')) {
    const parts = stroke.split('+')
    target.dispatchEvent(
      new KeyboardEvent('keydown', {
        key: parts.at(-1) ?? '',
        ctrlKey: parts.includes('Mod'),
        shiftKey: parts.includes('Shift') || stroke === '?',
        bubbles: true,
        cancelable: true,
      }),
    )
  }
}

beforeAll(() => shortcuts.start())
let off = () => undefined as void
afterEach(() => {
  off()
  prefs.keysOn = true
  for (const id of SHORTCUT_IDS) prefs.remap(id, undefined)
  document.body.innerHTML = ''
})

describe.each(SHORTCUTS.map((s) => [s.id, s] as const))('%s', (id, shortcut) => {
  test('does what its keys say, each of them', () => {
    const act = vi.fn()
    off = shortcuts.on({ [id]: act })
    for (const keys of keysOf(shortcut, {})) press(keys)
    expect(act).toHaveBeenCalledTimes(keysOf(shortcut, {}).length)
  })
  test('stands in the list with its label', () => {
    const { unmount } = render(ShortcutList, { onclose: () => undefined })
    expect(screen.getAllByText(t.shortcuts[id]).length).toBeGreaterThan(0)
    unmount()
  })
  if (shortcut.typing) return
  test('is inert while somebody types', () => {
    const act = vi.fn()
    off = shortcuts.on({ [id]: act })
    const field = document.body.appendChild(document.createElement('textarea'))
    press(shortcut.keys, field)
    expect(act).not.toHaveBeenCalled()
  })
  test('can be turned off', () => {
    prefs.keysOn = false
    const act = vi.fn()
    off = shortcuts.on({ [id]: act })
    press(shortcut.keys)
    expect(act).not.toHaveBeenCalled()
  })
  test('can be given another key', () => {
    prefs.remap(id, 'q')
    const act = vi.fn()
    off = shortcuts.on({ [id]: act })
    press('q')
    press(shortcut.keys)
    expect(act).toHaveBeenCalledTimes(1)
  })
})

test('no two shortcuts share a key', () => {
  const all = SHORTCUTS.flatMap((s) => keysOf(s, {}))
  expect(new Set(all).size).toBe(all.length)
})

test('an open dialog keeps single keys to itself', () => {
  const act = vi.fn()
  off = shortcuts.on({ close: act })
  document.body.appendChild(document.createElement('dialog')).setAttribute('open', '')
  press('e')
  expect(act).not.toHaveBeenCalled()
})

test.each([
  ['ت', 'KeyJ', {}, 'j'],
  ['ο', 'KeyO', {}, 'o'],
  ['о', 'KeyJ', {}, 'j'],
  ['لا', 'KeyB', {}, 'b'],
  ['я', 'KeyZ', { ctrlKey: true }, 'Mod+z'],
  ['؟', 'Slash', { shiftKey: true }, '?'],
  ['ö', 'Semicolon', {}, 'ö'],
  ['z', 'KeyY', {}, 'z'],
])('%s on %s is a key by its place only where it prints no ASCII', (key, code, more, stroke) => {
  expect(strokeOf(new KeyboardEvent('keydown', { key, code, ...more }))).toBe(stroke)
})
