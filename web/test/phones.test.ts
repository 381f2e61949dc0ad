// The customer's chats of the playground: what belongs together, what is lost of nothing that was begun.
import { render, screen, within } from '@testing-library/svelte'
import userEvent from '@testing-library/user-event'
import { beforeEach, expect, test, vi } from 'vitest'
import Chat from '../src/playground/Chat.svelte'
import { bubbles, counted, pieces, rows, type ChatMessage, type Chats } from '../src/playground/chats'
import { speak } from '../src/playground/words.svelte'

const message = (id: string, more: Partial<ChatMessage> = {}): ChatMessage => ({
  id,
  chat: 'private',
  writer: 'Ines Carvalho',
  shop: false,
  text: id,
  marks: [],
  at: 1_790_000_000_000,
  edited: false,
  files: [],
  answers: null,
  quote: null,
  album: null,
  reactions: [],
  ...more,
})
const file = (id: string) => ({ id, name: `${id}.png`, content_type: 'image/png', size: 3 })
const customer = { number: '+49', address: 'ines@carvalho.example', name: 'Ines Carvalho' }
const state = (messages: ChatMessage[]): Chats => ({
  shop: 'Birkholt',
  chats: [
    { id: 'private', title: '', group: false, members: ['Ines Carvalho'] },
    { id: 'other', title: '', group: false, members: ['Piotr Zawadzki'] },
    { id: 'club', title: 'Trail club', group: true, members: ['Ines Carvalho', 'Piotr Zawadzki'] },
  ],
  messages,
  blocked: [],
  fault: null,
  longest_text: 20,
  forum: null,
})

beforeEach(() => speak('en'))

test('the parts of an album are one bubble, where its first part stands, also when others come between', () => {
  const parts = [
    message('a', { album: '7', text: '', files: [file('a')] }),
    message('b'),
    message('c', { album: '7', text: 'both', files: [file('c')] }),
  ]
  const found = bubbles(parts).map(({ head, text, files }) => [head.id, text, files.map((f) => f.id)])
  expect(found).toEqual([
    ['a', 'both', ['a', 'c']],
    ['b', 'b', []],
  ])
})

test('a customer sees the own private chat and the groups, the latest first', () => {
  const shown = state([message('a', { at: 1 }), message('b', { chat: 'club', at: 2 })])
  expect(rows(shown, 'Ines Carvalho').map(({ chat, last }) => [chat.id, last?.id])).toEqual([
    ['club', 'b'],
    ['private', 'a'],
  ])
  expect(counted([1, 2].map((n) => ({ writer: String(n), emoji: '👍' })))).toEqual([['👍', 2]])
})

test('a dressed text is cut at every border, and a link leads to the web alone', () => {
  const mark = (offset: number, length: number, kind: string, url: string | null = null) => ({
    offset,
    length,
    kind,
    url,
  })
  const marks = [mark(3, 6, 'bold'), mark(6, 3, 'italic'), mark(10, 2, 'link', 'https://shop.example')]
  const script = mark(0, 2, 'link', 'javascript:alert(1)')
  expect(pieces('😀 bold it, go', [...marks, script]).map(({ text, kinds, url }) => [text, kinds.join(), url])).toEqual(
    [
      ['😀', 'link', undefined],
      [' ', '', undefined],
      ['bol', 'bold', undefined],
      ['d i', 'bold,italic', undefined],
      ['t', '', undefined],
      [', ', 'link', 'https://shop.example'],
      ['go', '', undefined],
    ],
  )
  expect(pieces('', [])).toEqual([])
  expect(pieces('plain', [])).toEqual([{ text: 'plain', kinds: [], url: undefined }])
})

/** Answers every call, and keeps what was asked. */
function server(ok = true) {
  const asked: { path: string; body: unknown }[] = []
  vi.stubGlobal('fetch', (path: string, init: RequestInit) => {
    asked.push({ path, body: JSON.parse(init.body as string) })
    return Promise.resolve(new Response('{}', { status: ok ? 200 : 500 }))
  })
  return asked
}
const attempt = (act: () => Promise<unknown>) =>
  act().then(
    () => true,
    () => false,
  )

test('a message is answered and an own one changed, and Escape ends that', async () => {
  const asked = server()
  const user = userEvent.setup()
  const theirs = message('9', { writer: 'Birkholt', shop: true, text: 'In M?' })
  render(Chat, {
    props: { channel: 'telegram', chats: state([message('8'), theirs]), customer, now: 0, attempt },
  })
  await user.click(screen.getByRole('button', { name: /Birkholt/ }))
  const field = screen.getByRole('textbox')
  const act = async (at: number, what: string) => {
    const bubble = within(screen.getAllByRole('article')[at] as HTMLElement)
    await user.click(bubble.getByRole('button', { name: 'Act on this message' }))
    await user.click(bubble.getByRole('menuitem', { name: what, hidden: true }))
  }
  await act(1, 'Reply')
  await user.type(field, 'Yes{Enter}')
  await vi.waitFor(() => expect(field).toHaveValue(''))
  await act(0, 'Edit')
  expect(field).toHaveValue('8')
  await user.type(field, '{Escape}')
  expect(field).toHaveValue('')
  await act(0, 'Edit')
  await user.type(field, '!{Enter}')
  await vi.waitFor(() => expect(asked).toHaveLength(2))
  const path = '/playground/api/chats/telegram'
  expect(asked).toEqual([
    { path, body: { customer: 'Ines Carvalho', chat: 'private', text: 'Yes', answers: '9', files: [] } },
    { path: `${path}/edit`, body: { customer: 'Ines Carvalho', chat: 'private', message: '8', text: '8!' } },
  ])
})

test('what could not be sent stays in its field, also while another chat is open', async () => {
  server(false)
  const user = userEvent.setup()
  render(Chat, { props: { channel: 'telegram', chats: state([]), customer, now: 0, attempt } })
  await user.click(screen.getByRole('button', { name: /Birkholt/ }))
  await user.type(screen.getByRole('textbox'), 'Hello{Enter}')
  await user.click(screen.getByRole('button', { name: 'Back to the chats' }))
  await user.click(screen.getByRole('button', { name: /Trail club/ }))
  expect(screen.getByRole('textbox')).toHaveValue('')
  await user.click(screen.getByRole('button', { name: 'Back to the chats' }))
  await user.click(screen.getByRole('button', { name: /Birkholt/ }))
  expect(screen.getByRole('textbox')).toHaveValue('Hello')
})

test('lines are broken, and what is longer than the app takes is refused with by how much', async () => {
  const asked = server()
  const user = userEvent.setup()
  render(Chat, { props: { channel: 'discord', chats: state([]), customer, now: 0, attempt } })
  await user.click(screen.getByRole('button', { name: /Birkholt/ }))
  const field = screen.getByRole('textbox')
  await user.type(field, 'one{Shift>}{Enter}{/Shift}two')
  expect(field).toHaveValue('one\ntwo')
  await user.type(field, 'x'.repeat(15))
  await user.keyboard('{Enter}')
  expect(screen.getByRole('alert')).toHaveTextContent('too long by 2: 20 characters can be sent')
  expect(asked).toHaveLength(0)
  await user.keyboard('{Backspace}{Backspace}{Enter}')
  await vi.waitFor(() => expect(asked).toHaveLength(1))
  expect(screen.queryByRole('alert')).toBeNull()
})

test('an own message is taken back with all its parts, and nobody else’s', async () => {
  const asked = server()
  const user = userEvent.setup()
  const parts = [message('a', { album: '7', files: [file('a')] }), message('b', { album: '7', files: [file('b')] })]
  const theirs = message('9', { writer: 'Birkholt', shop: true, text: 'In M?' })
  const props = { channel: 'telegram', chats: state([...parts, theirs]), customer, now: 0, attempt }
  render(Chat, { props })
  await user.click(screen.getByRole('button', { name: /Birkholt/ }))
  const [own, other] = screen.getAllByRole('article').map((bubble) => within(bubble))
  if (!own || !other) throw new Error('an album and an answer are two bubbles')
  expect(other.queryByRole('menuitem', { name: 'Delete', hidden: true })).toBeNull()
  await user.click(own.getByRole('button', { name: 'Act on this message' }))
  await user.click(own.getByRole('menuitem', { name: 'Delete', hidden: true }))
  const path = '/playground/api/chats/telegram/delete'
  const body = (id: string) => ({ path, body: { customer: 'Ines Carvalho', chat: 'private', message: id } })
  await vi.waitFor(() => expect(asked).toEqual([body('a'), body('b')]))
})

test('a post is begun where the provider has a place for that', async () => {
  const asked = server()
  const user = userEvent.setup()
  const props = { channel: 'discord', chats: { ...state([]), forum: '#ideas' }, customer, now: 0, attempt }
  render(Chat, { props })
  await user.type(screen.getByRole('textbox', { name: 'Title' }), 'Red lamps')
  await user.type(screen.getByRole('textbox', { name: 'First message' }), 'Why?')
  await user.click(screen.getByRole('button', { name: 'Post' }))
  const body = { customer: 'Ines Carvalho', title: 'Red lamps', text: 'Why?' }
  await vi.waitFor(() => expect(asked).toEqual([{ path: '/playground/api/chats/discord/post', body }]))
})
