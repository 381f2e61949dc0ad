// Letters: links out of plain text, subjects worth saying, whose pictures load, what unfolds.
import { render, screen } from '@testing-library/svelte'
import userEvent from '@testing-library/user-event'
import { expect, test, vi } from 'vitest'
import { linkify } from '../src/inbox/linkify'
import MessageItem from '../src/inbox/MessageItem.svelte'
import { bare } from '../src/inbox/subject'
import { timelineOf } from '../src/inbox/timeline'
import { prefs } from '../src/state/prefs.svelte'
import { message, summary } from './samples'

const links = (text: string) => linkify(text).flatMap((part) => (part.href ? [part.href] : []))
const letter = (change: object = {}) => ({
  from: { handle: 'hdl_1', address: 'anna@x.example', proven: true },
  subject: 'My lamp',
  recipients: [],
  has_original: false,
  has_html: false,
  evidence: null,
  ...change,
})
const item = (change: Parameters<typeof message>[0], subject: string | null = null) =>
  render(MessageItem, {
    message: message({ channel: 'email', ...change }),
    channel: 'email',
    subject,
    summary: summary(),
    onview: () => {},
  })

test('a web address is a link, and the text stays whole', () => {
  const text = 'See https://shop.example/a?b=1&c=(2), www.shop.example. (http://x.example/y) end'
  expect(links(text)).toEqual(['https://shop.example/a?b=1&c=(2)', 'https://www.shop.example/', 'http://x.example/y'])
  expect(
    linkify(text)
      .map((part) => part.text)
      .join(''),
  ).toBe(text)
})

test('nothing else is a link', () => {
  for (const text of [
    'javascript:alert(1)',
    'data:text/html,x',
    'https://',
    'https://user:secret@shop.example/',
    'https://shop.example@evil.example/',
    'xhttps://a.example',
    'a@www.shop.example',
    'ftp://a.example',
    'https://localhost/x',
  ])
    expect(links(text), text).toEqual([])
})

test('a hostile text of a megabyte is read in time that grows with its length', () => {
  for (const part of ['https://', 'www.', 'http://a', '(((', 'https://a.example)'])
    linkify(part.repeat(Math.ceil(1_000_000 / part.length)))
}, 20_000)

test('a subject is said where it is another than before', () => {
  const at = (id: string, subject: string | null) => message({ id, letter: letter({ subject }) })
  const said = timelineOf([
    at('a', 'My lamp'),
    at('b', 'Re: my  Lamp'),
    at('c', 'AW: RE[2]: My lamp'),
    at('d', 'Another one'),
    at('e', null),
    at('f', 'Fwd: Another one'),
  ]).flatMap((i) => (i.type === 'message' ? [i.subject] : []))
  expect(said).toEqual(['My lamp', null, null, 'Another one', null, null])
  expect(bare('Regarding: x')).toBe('regarding: x')
})

test('markup in a subject, a name or a text is shown as it is written', () => {
  const evil = '<img src=x onerror=alert(1)>'
  const { container } = item(
    {
      text: evil,
      author: { kind: 'contact', id: null, name: evil },
      letter: letter({
        from: { handle: 'h', address: evil, proven: false },
        recipients: [{ role: 'to', address: evil, name: evil }],
        evidence: evil,
      }),
      flags: ['confusable', `also_written:${evil}`],
    },
    evil,
  )
  expect(container.querySelector('img')).toBeNull()
  expect(container.textContent?.split(evil).length).toBeGreaterThan(4)
})

test('an address that nobody vouched for is marked, and what the marks rest on is told', async () => {
  item({
    letter: letter({ from: { handle: 'h', address: 'a@b.example', proven: false }, evidence: 'DMARC failed.' }),
    flags: ['disproved', 'unverified_participant', 'also_written:orders', 'same_text'],
  })
  for (const words of ['Unverified', 'Somebody new here', 'Sender is not who they say', 'Also written to orders'])
    expect(screen.getByText(words)).toBeVisible()
  expect(screen.queryByText('DMARC failed.')).toBeNull()
  await userEvent.click(screen.getByRole('button', { name: 'Why?' }))
  expect(screen.getByText('DMARC failed.')).toBeVisible()
})

test('quoted text is asked for once and folds away again', async () => {
  const ask = vi.fn(() => Promise.resolve(Response.json({ text: 'Hello\n> what we wrote' })))
  vi.stubGlobal('fetch', ask)
  item({ letter: letter({ has_original: true }) })
  const click = async (name: string) => userEvent.click(await screen.findByRole('button', { name }))
  await click('Show quoted text')
  expect(await screen.findByText(/what we wrote/)).toBeVisible()
  await click('Hide quoted text')
  expect(screen.queryByText(/what we wrote/)).toBeNull()
  await click('Show quoted text')
  expect(ask).toHaveBeenCalledTimes(1)
  vi.unstubAllGlobals()
})

test('pictures load by themselves only for a proven sender whom somebody chose', async () => {
  const frame = () => screen.getByTitle(/as it was sent/)
  const shown = item({ letter: letter({ has_html: true }) })
  await userEvent.click(screen.getByRole('button', { name: 'Show as it was sent' }))
  expect(frame()).toHaveAttribute('src', '/api/v1/messages/ms_1/html')
  expect(frame()).toHaveAttribute('sandbox', 'allow-same-origin allow-popups allow-popups-to-escape-sandbox')
  prefs.loadPictures('hdl_1', true)
  await vi.waitFor(() => expect(frame()).toHaveAttribute('src', '/api/v1/messages/ms_1/html?images=load'))
  shown.unmount()
  item({ letter: letter({ has_html: true, from: { handle: 'hdl_1', address: 'anna@x.example', proven: false } }) })
  await userEvent.click(screen.getByRole('button', { name: 'Show as it was sent' }))
  expect(frame()).toHaveAttribute('src', '/api/v1/messages/ms_1/html')
  prefs.loadPictures('hdl_1', false)
})

test('what a machine wrote is one row until somebody asks', async () => {
  item({ text: 'I am away', letter: letter(), unanswerable: 'automatic_mail', flags: ['out_of_office'] })
  const row = screen.getByRole('button', { name: /Out of office.*My lamp/ })
  expect(screen.queryByText('I am away')).toBeNull()
  await userEvent.click(row)
  expect(screen.getByText('I am away')).toBeVisible()
})

test('a letter that says nothing is told to, and one with a file needs no word', () => {
  const { unmount } = item({ text: '', letter: letter() })
  expect(screen.getByText('No text')).toBeInTheDocument()
  unmount()
  const file = { id: 'att_1', name: 'a.pdf', content_type: 'application/pdf', size: 4, state: 'stored', reason: null }
  item({ text: '', letter: letter(), attachments: [file as never] })
  expect(screen.queryByText('No text')).toBeNull()
  expect(screen.getByText(/4 bytes/)).toBeInTheDocument()
})
