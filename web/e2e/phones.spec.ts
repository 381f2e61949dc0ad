// The playground's chats: what a customer does in a messenger, alone and in a group, and how it looks.
import type { Locator, Page } from '@playwright/test'
import { expect, noSeriousFindings, open, row, test, watch, type Bridge } from './bridge'

const SHOTS = 'test-results/shots'
const PICTURE = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGNgaGj4DwAEhAKAp1JcWAAAAABJRU5ErkJggg==',
  'base64',
)
const picture = (name: string) => ({ name, mimeType: 'image/png', buffer: PICTURE })

async function pick(play: Page, customer: string): Promise<Locator> {
  await play.getByRole('button', { name: customer }).click()
  await play.getByRole('button', { name: 'Telegram', exact: true }).click()
  return play.getByRole('region', { name: `${customer.split(' ')[0]}’s chats: Telegram` })
}

/** The playground beside the inbox, at one customer's chats. */
async function chats(beside: Page, shared: Bridge, customer: string) {
  const play = await beside.context().newPage()
  watch(play)
  await play.goto(`${shared.url}/playground`)
  return { play, box: await pick(play, customer) }
}

const bubble = (box: Locator, text: string) => box.getByRole('article').filter({ hasText: text })

async function act(play: Page, bubble: Locator, what: string) {
  await bubble.getByRole('button', { name: 'Act on this message' }).click()
  await play.getByRole('menuitem', { name: what }).click()
}

test('a customer writes, changes, answers, reacts and sends an album, by keyboard where one writes', async ({
  noor,
  shared,
}) => {
  const { play, box } = await chats(noor, shared, 'Ines Carvalho')
  const said = `Does the shell come in M ${Date.now()}`
  await box.getByRole('button', { name: /Birkholt/ }).focus()
  await play.keyboard.press('Enter')
  await expect(box.getByRole('textbox')).toBeFocused()
  await play.keyboard.type(said)
  await play.keyboard.press('Enter')
  await expect(bubble(box, said)).toBeVisible()
  await act(play, bubble(box, said), 'Edit')
  await expect(box.getByRole('textbox')).toBeFocused()
  await play.keyboard.type('?')
  await play.keyboard.press('Enter')
  await expect(bubble(box, `${said}?`)).toContainText('edited')

  await box.getByLabel('Add a file').setInputFiles([picture('a.png'), picture('b.png'), picture('c.png')])
  await expect(box.getByRole('button', { name: 'Remove b.png' })).toBeVisible()
  await box.getByRole('button', { name: 'Remove b.png' }).click()
  await act(play, bubble(box, `${said}?`), 'Reply')
  await expect(box.getByText('Answering Ines Carvalho')).toBeVisible()
  await play.keyboard.type('Like these')
  await play.keyboard.press('Enter')
  const album = bubble(box, 'Like these')
  await expect(album.locator('blockquote')).toContainText(said)
  await expect(album.getByRole('img')).toHaveCount(2)
  const width = (image: Element) => (image as HTMLImageElement).naturalWidth
  await expect.poll(() => album.getByRole('img').first().evaluate(width)).toBe(1)
  await act(play, album, 'React with 👍')
  await expect(album).toContainText('👍')
  await act(play, album, 'React with 👍')
  await expect(album.locator('.chip')).toHaveCount(0)
})

test('in a group everybody sees who wrote what, and what was begun elsewhere stays', async ({ noor, shared }) => {
  const { play, box: ines } = await chats(noor, shared, 'Ines Carvalho')
  await ines.getByRole('button', { name: /Birkholt/ }).click()
  await ines.getByRole('textbox').fill('begun')
  const piotr = await pick(play, 'Piotr Zawadzki')
  await piotr.getByRole('button', { name: /Trail club/ }).click()
  const said = `Who walks on Sunday ${Date.now()}?`
  await piotr.getByRole('textbox').fill(said)
  await piotr.getByRole('textbox').press('Enter')
  await expect(bubble(piotr, said)).toBeVisible()
  await pick(play, 'Ines Carvalho')
  await expect(ines.getByRole('textbox')).toHaveValue('begun')
  await ines.getByRole('button', { name: 'Back to the chats' }).click()
  const club = ines.getByRole('button', { name: /Trail club/ })
  await expect(club).toContainText('New')
  await expect(club).toContainText(`Piotr:\u00a0${said.slice(0, 8)}`)
  await club.click()
  await expect(bubble(ines, said)).toContainText('Piotr Zawadzki')
  // In the inbox, too, the group goes by its own name, and its members by theirs.
  await open(noor, said)
  await expect(row(noor, said).getByText('Trail club', { exact: true })).toBeVisible()
  await expect(noor.getByRole('heading', { level: 1, name: 'Trail club' })).toBeVisible()
  const card = noor.getByRole('complementary', { name: 'Customer card' })
  await expect(card.getByRole('heading', { name: 'Trail club' })).toBeVisible()
  await expect(card.getByText('Piotr Zawadzki')).toBeVisible()
  await expect(noor.getByText('By Telegram to Trail club')).toBeAttached()
  for (const [width, height] of [
    [1440, 900],
    [390, 844],
    [360, 740],
  ] as const) {
    await noor.setViewportSize({ width, height })
    for (const colorScheme of ['light', 'dark'] as const) {
      await noor.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
      await noor.screenshot({ path: `${SHOTS}/group-${width}-${colorScheme}.png` })
    }
  }
  await noor.getByRole('link', { name: /^Trail club: / }).click()
  await noor.screenshot({ path: `${SHOTS}/group-card-360-dark.png` })
  await expect(ines.getByText('4 members')).toBeVisible()
  await ines.getByRole('button', { name: 'Back to the chats' }).click()
  await expect(club).toBeFocused()
  await expect(club).not.toContainText('New')
})

test('a customer deletes, writes several lines and begins a post, and the app takes no more than it does', async ({
  noor,
  shared,
}) => {
  const { play, box } = await chats(noor, shared, 'Ines Carvalho')
  await play.getByRole('button', { name: 'Discord', exact: true }).click()
  const discord = play.getByRole('region', { name: 'Ines’s chats: Discord' })
  const title = `Red lamps ${Date.now()}`
  await discord.getByRole('textbox', { name: 'Title' }).fill(title)
  await discord.getByRole('textbox', { name: 'First message' }).fill('Do they last?')
  await discord.getByRole('button', { name: 'Post', exact: true }).click()
  await discord.getByRole('button', { name: new RegExp(title) }).click()
  await expect(bubble(discord, 'Do they last?')).toBeVisible()
  const field = discord.getByRole('textbox')
  await field.fill('x'.repeat(2_001))
  await field.press('Enter')
  await expect(discord.getByRole('alert')).toContainText('too long by 1: 2000 characters')
  await field.fill('one')
  await field.press('Shift+Enter')
  await play.keyboard.type('two')
  await play.keyboard.press('Enter')
  await expect(bubble(discord, 'one')).toContainText('two')
  await play.screenshot({ path: `${SHOTS}/phone-discord-post.png` })
  await act(play, bubble(discord, 'one'), 'Delete')
  await expect(bubble(discord, 'one')).toHaveCount(0)

  await play.getByRole('button', { name: 'Telegram', exact: true }).click()
  await box.getByRole('button', { name: /Birkholt/ }).click()
  const gone = `Never mind ${Date.now()}`
  await box.getByRole('textbox').fill(gone)
  await box.getByRole('textbox').press('Enter')
  await act(play, bubble(box, gone), 'Delete')
  await expect(bubble(box, gone)).toHaveCount(0)
})

test('an associate answers in the chat, and is told where the customer has blocked the shop', async ({
  noor,
  shared,
}) => {
  test.slow()
  const { play, box } = await chats(noor, shared, 'Piotr Zawadzki')
  await box.getByRole('button', { name: /Birkholt/ }).click()
  const field = box.getByRole('textbox')
  const said = `Does the stove burn wood ${Date.now()}?`
  await field.fill(said)
  await field.press('Enter')
  await open(noor, said)
  await box.getByLabel('Add a file').setInputFiles([picture('a.png'), picture('b.png')])
  await field.fill('Like these')
  await field.press('Enter')
  await expect(noor.getByRole('log').getByText('Like these')).toBeVisible()
  await expect(noor.getByRole('log').getByRole('button', { name: 'View image.png' })).toHaveCount(2)
  const answer = async (text: string) => {
    const message = noor.getByRole('textbox', { name: 'Message' })
    await message.fill(text)
    await message.press('Control+Enter')
  }
  await answer('Wood, and gas.')
  await expect(bubble(box, 'Wood, and gas.')).toBeVisible({ timeout: 40_000 })
  await act(play, bubble(box, said), 'Edit')
  await play.keyboard.type(' Or gas?')
  await play.keyboard.press('Enter')
  await expect(noor.getByRole('log').getByText(`${said} Or gas?`)).toBeVisible()
  await box.getByRole('button', { name: 'Block the shop' }).click()
  await answer('Are you there?')
  const refused = noor.locator('.turn.out', { hasText: 'Are you there?' })
  await expect(refused.locator('.trouble.failed')).toBeVisible({ timeout: 40_000 })
  // Where one writes it is said that nothing arrives, on a phone too.
  const away = noor.getByText('Piotr can’t be reached by Telegram')
  await expect(away).toBeVisible()
  for (const [width, height] of [
    [1440, 900],
    [390, 844],
    [360, 740],
  ] as const) {
    await noor.setViewportSize({ width, height })
    await expect(away).toBeInViewport()
    await noor.screenshot({ path: `${SHOTS}/unreachable-${width}.png` })
  }
  await noor.setViewportSize({ width: 1440, height: 900 })
  // The number of what was not sent leads to the conversation; once it is left as it is, nobody is asked any more.
  await noor
    .getByRole('navigation')
    .getByRole('link', { name: /Inboxes/ })
    .first()
    .click()
  await noor
    .getByRole('button', { name: /not sent/ })
    .first()
    .click()
  const unsettled = noor.getByRole('region', { name: 'Not settled yet' })
  await expect(unsettled).toBeFocused()
  await expect(unsettled.locator('.chip.failed')).toBeVisible()
  await noor.screenshot({ path: `${SHOTS}/unsettled-1440.png` })
  await unsettled.getByRole('link', { name: /Piotr Zawadzki/ }).click()
  await refused.getByRole('button', { name: 'Leave it' }).click()
  await expect(refused.locator('.trouble')).toHaveCount(0)
  await expect(refused.getByText('Not sent, and left so')).toBeVisible()
  await expect(row(noor, 'Are you there?')).toBeVisible()
  await expect(row(noor, 'Are you there?').locator('.chip.failed')).toHaveCount(0)
  await expect(bubble(box, 'Are you there?')).toHaveCount(0)
})

for (const scheme of ['light', 'dark'] as const) {
  test(`the chats are for everybody in ${scheme}, on a desk and on a phone`, async ({ noor, shared }) => {
    test.slow()
    const { play, box } = await chats(noor, shared, 'Salma Idrissi')
    await play.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' })
    await noSeriousFindings(play)
    await play.screenshot({ path: `${SHOTS}/chats-${scheme}.png` })
    await box.getByRole('button', { name: /Birkholt/ }).click()
    await box.getByLabel('Add a file').setInputFiles([picture('a.png'), picture('b.png')])
    await box.getByRole('textbox').fill('Two lamps 🙂 and averyveryverylongwordthathasnoroomonanarrowphone')
    await box.getByRole('textbox').press('Enter')
    const first = bubble(box, 'Two lamps').last()
    await act(play, first, 'React with ❤')
    await box.getByRole('button', { name: 'Block the shop' }).click()
    await expect(box.getByText('Salma has blocked the shop')).toBeVisible()
    await expect(first.getByRole('button', { name: 'Act on this message' })).toBeInViewport({ ratio: 1 })
    await act(play, first, 'Reply')
    await noSeriousFindings(play)
    await play.screenshot({ path: `${SHOTS}/chats-private-${scheme}.png` })
    await box.getByRole('textbox').fill('Or one?')
    await box.getByRole('textbox').press('Enter')
    await expect(box.getByText('Salma has blocked the shop')).toHaveCount(0)

    await play.setViewportSize({ width: 360, height: 740 })
    await noSeriousFindings(play)
    await play.screenshot({ path: `${SHOTS}/chats-phone-${scheme}.png` })
    expect(await play.evaluate(() => document.documentElement.scrollWidth > innerWidth)).toBe(false)
    await box.getByRole('button', { name: 'Back to the chats' }).click()
    await play.screenshot({ path: `${SHOTS}/chats-phone-list-${scheme}.png` })
  })
}

test('in Arabic the chats stand the other way round', async ({ noor, shared }) => {
  await noor.goto(`${shared.url}/account`)
  await noor.getByRole('button', { name: 'العربية' }).click()
  await expect(noor.locator('html')).toHaveAttribute('dir', 'rtl')
  await noor.goto(`${shared.url}/playground`)
  await noor.getByRole('button', { name: 'تيليغرام', exact: true }).click()
  const box = noor.locator('.chat')
  await box.getByRole('button', { name: /Trail club/ }).click()
  await box.getByRole('textbox').fill('هل وصل المعطف؟')
  await box.getByRole('textbox').press('Enter')
  await expect(bubble(box, 'هل وصل المعطف؟').last()).toBeVisible()
  const [back, title] = [
    await box.locator('.chat-head .btn').boundingBox(),
    await box.locator('.chat-head b').boundingBox(),
  ]
  expect(back?.x ?? 0).toBeGreaterThan(title?.x ?? 0)
  await noSeriousFindings(noor)
  await noor.screenshot({ path: `${SHOTS}/chats-rtl.png` })
})
