// Chats in a browser: dressed text, what a message answers, albums, reactions, groups, and whom a reply speaks to; in light
// and dark, on a desktop and on a phone.
import type { Page } from '@playwright/test'
import { capabilities } from '../test/samples'
import { expect, noSeriousFindings, row } from './bridge'
import { test, type Letterbox } from './letterbox'

const SHOTS = 'test-results/shots'
const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAoAAAAKCAIAAAACUFjqAAAAEklEQVR42mO4ViGHBzGMSmNDAGUwjjFQkJLyAAAAAElFTkSuQmCC'
const photo = (name: string) => ({ name, content_type: 'image/png', base64: PNG })
const people = { anna: 'Anna Lund', ben: 'Ben Okafor', cleo: 'Cleo Maria von Hohenstein-Wassertrudingen' }

let serial = 0
/** A group in which three people have written, each run's own. Gives its last words. */
async function group(box: Letterbox): Promise<string> {
  const g = `group-${++serial}`
  const say = (who: keyof typeof people, text: string, chat: object = {}, more: object = {}) =>
    box.post({
      from: { address: `+49151000${serial}0${Object.keys(people).indexOf(who)}`, name: people[who], proven: true },
      thread: g,
      text,
      chat: { channel: 'telegram', group: true, ...chat },
      ...more,
    })
  const dressed = 'A red lamp with code, a secret and a shop'
  await say('anna', dressed, {
    id: `${g}-1`,
    spans: [
      { from: 2, to: 10, style: 'bold' },
      { from: 6, to: 15, style: 'italic' },
      { from: 16, to: 20, style: 'code' },
      { from: 24, to: 30, style: 'spoiler' },
      { from: 37, to: 41, style: 'link', url: 'https://shop.example/lamps?from=chat' },
    ],
  })
  await say('ben', 'The same for me, and this is what they told me there', {
    id: `${g}-2`,
    answers: `${g}-1`,
    forwarded_from: 'The lamp club',
  })
  await say(
    'cleo',
    'Mine, from all sides',
    { id: `${g}-3`, album: `${g}-a`, withheld: 'The file has 31 MB; the channel hands on 20.' },
    { files: ['a.png', 'b.png', 'c.png'].map(photo) },
  )
  await say('anna', '👍', { reacted_to: `${g}-3` })
  await say('ben', '👍', { reacted_to: `${g}-3` })
  await say('cleo', '❤️', { reacted_to: `${g}-2` })
  const last = `const lamp = "${g}"\nif (lamp.isRed) send()\nDoes that run?`
  await say('ben', last, {
    id: `${g}-4`,
    spans: [{ from: 0, to: last.indexOf('\nDoes'), style: 'pre', language: 'js' }],
  })
  return g
}

async function read(page: Page, text: string): Promise<void> {
  await page
    .getByRole('navigation', { name: 'Views' })
    .first()
    .getByRole('link', { name: /Team queue/ })
    .click()
  await row(page, text).click()
  await expect(page.getByRole('log')).toBeVisible()
}
/** As if the channel were a chat's: the inbox that takes all in is one of SMS. */
async function asChat(page: Page, can: object = {}): Promise<void> {
  await page.route(/\/api\/v1\/conversations\/[^/?]+$/, async (route) => {
    const response = await route.fetch()
    const detail = (await response.json()) as { reply: { capabilities: object } }
    detail.reply.capabilities = capabilities({
      longest_text: 4_096,
      attachment_limit: 50_000_000,
      rich_text: true,
      quotes: true,
      ...can,
    })
    await route.fulfill({ response, json: detail })
  })
}
const whom = (page: Page) => page.getByRole('group', { name: 'Whose message this answers' })

test('a group names who wrote what and how it was dressed, and a reply says whom it speaks to', async ({
  noor,
  box,
}) => {
  await asChat(noor)
  const g = await group(box)
  await expect(row(noor, g)).toHaveCount(0)
  await read(noor, g)
  await expect(row(noor, g).getByText('Group', { exact: true })).toBeVisible()
  await expect(noor.locator('.thread-head').getByText('3 people wrote')).toBeVisible()
  const log = noor.getByRole('log')
  const bubble = (text: string) => log.locator('.turn', { hasText: text })
  for (const name of Object.values(people)) await expect(log.getByText(name, { exact: true }).first()).toBeVisible()

  await expect(bubble('lamp with').locator('b i')).toHaveText('lamp')
  await expect(log.getByRole('link', { name: 'shop' })).toHaveAttribute('rel', 'noopener noreferrer')
  await expect(log.locator('pre')).toHaveText(/const lamp/)
  await log.getByRole('button', { name: 'Hidden text. Show it' }).focus()
  await noor.keyboard.press('Enter')
  await expect(log.locator('.spoiler')).toBeFocused()
  await expect(log.locator('.spoiler')).toHaveText('secret')
  await expect(log.getByText('Forwarded from The lamp club')).toBeVisible()
  await expect(log.getByText('The file has 31 MB; the channel hands on 20.')).toBeVisible()
  await expect(log.locator('.album img')).toHaveCount(3)
  await log.getByRole('button', { name: '👍 by Anna Lund and Ben Okafor' }).click()
  await expect(log.getByText('Anna Lund and Ben Okafor')).toBeVisible()
  await log.getByRole('button', { name: /^Answers Anna Lund: A red lamp.*Go there$/ }).click()
  await expect(log.locator('[data-message]:focus')).toHaveText(/A red lamp/)

  // The message that holds the focus is answered by its key; the text is marked by another.
  await expect(whom(noor)).toHaveText(/To Ben Okafor/)
  await noor.keyboard.press('Shift+R')
  await expect(whom(noor)).toHaveText(/To Anna Lund: A red lamp/)
  const field = noor.getByRole('textbox', { name: 'Message' })
  await expect(field).toBeFocused()
  await noor.keyboard.type('It is red, 5*3*2')
  const choose = () => field.evaluate((area: HTMLTextAreaElement) => area.setSelectionRange(0, 5))
  await choose()
  await noor.keyboard.press('Control+b')
  await expect(noor.getByRole('group', { name: 'As it will be sent' }).locator('b')).toHaveText('It is')
  await noor.keyboard.press('Control+z')
  await expect(field).toHaveValue('It is red, 5*3*2')
  await choose()
  await noor.keyboard.press('Control+b')
  await noor.keyboard.press('Control+Enter')
  const sent = log.locator('.turn.out', { hasText: 'It is red, 5*3*2' })
  await expect(sent.locator('.said b')).toHaveText('It is')
  await expect(sent.getByRole('button', { name: /^Answers Anna Lund: A red lamp/ })).toBeVisible()
  await expect(sent.locator('.fate-word')).toHaveText(/Sending|Sent/)
  await expect(whom(noor)).toHaveText(/To Ben Okafor/)
})

test('in private a message is quoted by its button, and the quote is left off again', async ({ noor, box }) => {
  await asChat(noor)
  const text = `Where is lamp ${++serial}?`
  await box.post({ from: { address: `+4915200${serial}001`, name: 'Dora' }, text, chat: { channel: 'telegram' } })
  await read(noor, text)
  await expect(noor.getByText('Group', { exact: true })).toHaveCount(0)
  await expect(whom(noor)).toHaveCount(0)
  await noor.getByRole('button', { name: 'Answer this message of Dora' }).click()
  await expect(whom(noor)).toHaveText(/Answers Dora: Where is lamp/)
  await noor.getByRole('button', { name: 'Answer none in particular' }).click()
  await expect(whom(noor)).toHaveCount(0)
  await noor.getByRole('log').locator('.bubble', { hasText: text }).click({ button: 'right' })
  await noor.getByRole('menuitem', { name: /Answer this message/ }).click()
  await expect(whom(noor)).toBeVisible()
})

test('on a phone a tap on the composer is enough to write, and a quote that was chosen stays in sight', async ({
  noor,
  box,
}) => {
  await asChat(noor)
  const g = await group(box)
  const text = `Where is lamp ${++serial}?`
  await box.post({ from: { address: `+4915200${serial}001`, name: 'Dora' }, text, chat: { channel: 'telegram' } })
  const field = noor.getByRole('textbox', { name: 'Message' })
  const send = noor.getByRole('button', { name: /^Send/ })
  const elsewhere = () => noor.locator('.log').evaluate(() => (document.activeElement as HTMLElement).blur())
  const folded = noor.locator('.composer.resting')
  await read(noor, g)
  for (const [width, height] of [
    [360, 740],
    [390, 844],
    [500, 800],
    [640, 800],
  ] as const) {
    await noor.setViewportSize({ width, height })
    await expect(folded).toBeVisible()
    expect((await field.boundingBox())?.width).toBeGreaterThan(120)
    await expect(send).toBeInViewport({ ratio: 1 })
    await noor.screenshot({ path: `${SHOTS}/composer-folded-${width}.png` })
    await field.click()
    await expect(whom(noor)).toHaveText(/To Ben Okafor/)
    await noor.getByRole('button', { name: 'What Telegram can do here' }).click()
    await elsewhere()
    await expect(noor.locator('.can')).toBeVisible()
    expect((await noor.locator('.can').boundingBox())?.width).toBeGreaterThan(width / 2)
    await noor.getByRole('button', { name: 'What Telegram can do here' }).click()
    await elsewhere()
  }
  await noor.setViewportSize({ width: 1280, height: 900 })
  await read(noor, text)
  await noor.getByRole('button', { name: 'Answer this message of Dora' }).click()
  await noor.setViewportSize({ width: 390, height: 844 })
  await elsewhere()
  const none = noor.getByRole('button', { name: 'Answer none in particular' })
  // It folds a moment after it was left; that it does not is seen after that moment.
  await noor.evaluate(() => new Promise((past) => setTimeout(past, 400)))
  await expect(none).toBeInViewport({ ratio: 1 })
  await none.click()
  await expect(whom(noor)).toHaveCount(0)
  await elsewhere()
  await expect(folded).toBeVisible()
})

test('what the channel can’t carry is said before anything leaves', async ({ noor, box }) => {
  await asChat(noor, {
    longest_text: 10,
    attachment_limit: 2_048,
    attachment_types: ['image/*'],
    delivery_receipts: false,
  })
  const text = `Is lamp ${++serial} red?`
  await box.post({ from: { address: `+4915300${serial}001`, name: 'Dora' }, text, chat: { channel: 'telegram' } })
  await read(noor, text)
  const sent: string[] = []
  noor.on('request', (r) => r.method() === 'POST' && /attachments|replies/.test(r.url()) && sent.push(r.url()))
  const files = noor.locator('.composer input[type=file]')
  await files.setInputFiles({ name: 'big.png', mimeType: 'image/png', buffer: Buffer.alloc(3_072) })
  await expect(noor.getByRole('alert').getByText('big.png is 3 kB. Up to 2 kB can be sent.')).toBeVisible()
  await files.setInputFiles({ name: 'run.sh', mimeType: 'text/x-sh', buffer: Buffer.alloc(3) })
  await expect(noor.getByRole('alert').getByText('It takes pictures.')).toBeVisible()
  const field = noor.getByRole('textbox', { name: 'Message' })
  await field.fill('Twelve signs')
  await expect(noor.getByText('2 too long: 10 characters can be sent')).toBeVisible()
  await field.press('Control+Enter')
  await noor.getByRole('button', { name: 'What Telegram can do here' }).click()
  await expect(noor.getByText(/It reports no deliveries/)).toBeVisible()
  await noSeriousFindings(noor)
  expect(sent).toEqual([])
})

for (const scheme of ['light', 'dark'] as const)
  test(`chats look right in ${scheme}, on a desktop and on a phone`, async ({ noor, box }) => {
    await noor.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' })
    await asChat(noor)
    const g = await group(box)
    await read(noor, g)
    const log = noor.getByRole('log')
    await noor.getByRole('textbox', { name: 'Message' }).fill('It is **red**, see [the shop](https://shop.example)')
    for (const [place, width, height] of [
      ['desktop', 1280, 900],
      ['phone', 390, 844],
    ] as const) {
      await noor.setViewportSize({ width, height })
      await log.evaluate((element) => element.scrollTo(0, 0))
      await noor.screenshot({ path: `${SHOTS}/chat-top-${place}-${scheme}.png` })
      await log.evaluate((element) => element.scrollTo(0, element.scrollHeight))
      await noor.screenshot({ path: `${SHOTS}/chat-end-${place}-${scheme}.png` })
      expect(await log.evaluate((element) => element.scrollWidth - element.clientWidth)).toBeLessThanOrEqual(0)
      expect(await noor.evaluate(() => document.documentElement.scrollWidth > innerWidth)).toBe(false)
      await noSeriousFindings(noor)
    }
  })
