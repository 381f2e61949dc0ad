// The one table of shortcuts. The overlay, the settings and the handler all read it; a test presses every line of it.
// `Mod` is Cmd on a Mac and Ctrl elsewhere. A blank parts the strokes of a sequence.

export type ShortcutGroup = 'move' | 'answer' | 'sort'

export interface Shortcut {
  id: ShortcutId
  group: ShortcutGroup
  keys: string
  /** A second way that cannot be remapped. */
  also?: string
  /** Works while typing too. */
  typing?: true
}

export const SHORTCUT_IDS = [
  'down',
  'up',
  'open',
  'back',
  'inbox',
  'help',
  'reply',
  'answer',
  'note',
  'send',
  'sendClose',
  'undo',
  'assign',
  'snooze',
  'close',
  'unread',
  'card',
  'pick',
  'pickTo',
] as const
export type ShortcutId = (typeof SHORTCUT_IDS)[number]

export const SHORTCUTS: readonly Shortcut[] = [
  { id: 'down', group: 'move', keys: 'j' },
  { id: 'up', group: 'move', keys: 'k' },
  { id: 'open', group: 'move', keys: 'o', also: 'Enter' },
  { id: 'back', group: 'move', keys: 'Escape', typing: true },
  { id: 'inbox', group: 'move', keys: 'g i' },
  { id: 'help', group: 'move', keys: '?' },
  { id: 'reply', group: 'answer', keys: 'r' },
  { id: 'answer', group: 'answer', keys: 'Shift+r' },
  { id: 'note', group: 'answer', keys: 'n' },
  { id: 'send', group: 'answer', keys: 'Mod+Enter', typing: true },
  { id: 'sendClose', group: 'answer', keys: 'Mod+Shift+Enter', typing: true },
  { id: 'undo', group: 'answer', keys: 'z' },
  { id: 'assign', group: 'sort', keys: 'a' },
  { id: 'snooze', group: 'sort', keys: 's' },
  { id: 'close', group: 'sort', keys: 'e' },
  { id: 'unread', group: 'sort', keys: 'u' },
  { id: 'card', group: 'sort', keys: 'c' },
  { id: 'pick', group: 'sort', keys: 'x' },
  { id: 'pickTo', group: 'sort', keys: 'Shift+x' },
]

/** Takes a send back from within the empty composer, where the single key is a letter. */
export const UNDO_WHILE_TYPING = 'Mod+z'

export const isMac = typeof navigator !== 'undefined' && /Mac|iP(hone|ad)/.test(navigator.platform)

/**
 * What a key means here: what it prints, but by its place where that is a letter or sign beyond ASCII. So the keys work
 * with an Arabic, Greek or Russian layout, where no key prints a J; and Dvorak or AZERTY keep their own.
 */
function meant({ key, code, shiftKey }: KeyboardEvent): string {
  if (!/^[^ -~]+$/.test(key)) return key
  if (code === 'Slash' && shiftKey) return '?'
  return /^Key([A-Z])$/.exec(code)?.[1]?.toLowerCase() ?? key
}

/** The name of a stroke as the table writes it, or '' for a modifier alone. */
export function strokeOf(event: KeyboardEvent): string {
  const key = meant(event)
  if (['Shift', 'Control', 'Alt', 'Meta', 'Dead', 'Process', 'Unidentified'].includes(key)) return ''
  const mod = isMac ? event.metaKey : event.ctrlKey
  const other = isMac ? event.ctrlKey : event.metaKey
  if (other || event.altKey) return ''
  const name = key.length === 1 ? key.toLowerCase() : key
  // A printed sign already holds its Shift ('?'); a letter or a named key does not.
  const shift = event.shiftKey && (key.length > 1 || /[a-z]/i.test(key))
  return `${mod ? 'Mod+' : ''}${shift ? 'Shift+' : ''}${name}`
}

/** How a key is printed on a cap. */
export function capsOf(keys: string): string[] {
  return keys.split(' ').flatMap((stroke) =>
    stroke.split('+').map((key) => {
      switch (key) {
        case 'Mod':
          return isMac ? '⌘' : 'Ctrl'
        case 'Shift':
          return '⇧'
        case 'Enter':
          return '↵'
        case 'Escape':
          return 'Esc'
        default:
          return key.length === 1 ? key.toUpperCase() : key
      }
    }),
  )
}

export function keysOf(shortcut: Shortcut, keymap: Record<string, string>): string[] {
  const own = keymap[shortcut.id] ?? shortcut.keys
  return shortcut.also ? [own, shortcut.also] : [own]
}
