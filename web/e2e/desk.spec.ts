// What associates do with each other over a conversation, in two browsers: who is at it, who replies, handing over with
// a note, naming a colleague, putting off and waking; by keyboard and by finger, in light and dark, right-to-left.
import { type Page } from '@playwright/test'
import { expect, noSeriousFindings, open, row, signedIn, test } from './bridge'

const SHOTS = 'test-results/shots'
const PHONE = { width: 360, height: 740 }
const views = (page: Page) => page.getByRole('navigation', { name: 'Views' }).first()
const view = (page: Page, name: RegExp) => views(page).getByRole('link', { name })
const said = (page: Page, text: string | RegExp) => page.locator('.toasts').getByRole('status').getByText(text).first()
const sideways = (page: Page) => page.evaluate(() => document.documentElement.scrollWidth > innerWidth)
const more = (page: Page) => page.locator('.thread-head').getByRole('button', { name: 'More' })
const own = async (page: Page) => (await page.locator('.rail .me b').textContent()) ?? ''

test('a colleague sees within a second who is viewing and who is replying, and that they left', async ({
  noor,
  jonas,
  customer,
}) => {
  const text = `Who is here ${Date.now()}`
  await customer.write(text)
  const [first] = (await own(jonas)).split(' ')
  await open(jonas, text)
  await open(noor, text)
  await expect(noor.getByText(`${first} is viewing`)).toBeVisible({ timeout: 2_000 })
  await noor.screenshot({ path: `${SHOTS}/presence-viewing.png` })

  await jonas.getByRole('textbox', { name: 'Message' }).pressSequentially('We')
  await expect(noor.getByText(`${first} is replying`)).toBeVisible({ timeout: 1_500 })
  await noor.getByRole('textbox', { name: 'Message' }).fill('I would say')
  await expect(noor.getByText(new RegExp(`^${first} is replying too`))).toBeVisible()
  await noSeriousFindings(noor)
  await noor.screenshot({ path: `${SHOTS}/presence-replying.png` })
  await noor.emulateMedia({ colorScheme: 'dark' })
  await noor.screenshot({ path: `${SHOTS}/presence-replying-dark.png` })

  // Jonas sends first: Noor's answer is held, his is shown, and she decides.
  await jonas.getByRole('textbox', { name: 'Message' }).fill('We have it in blue.')
  await jonas.keyboard.press('Control+Enter')
  await expect(noor.getByRole('log').getByText('We have it in blue.')).toBeVisible()
  await noor.keyboard.press('Control+Enter')
  await expect(noor.getByRole('button', { name: 'Send anyway' })).toBeVisible()
  await noor.screenshot({ path: `${SHOTS}/collision-held.png` })
  await noor.getByRole('button', { name: 'Discard' }).click()

  await jonas.keyboard.press('Escape')
  await jonas.keyboard.press('Escape')
  await expect(noor.locator('.presence').getByText(first ?? '')).toHaveCount(0, { timeout: 10_000 })
})

test('a conversation is handed over with a note, which its receiver sees first, and taken back', async ({
  noor,
  jonas,
  customer,
}) => {
  const text = `Hand me over ${Date.now()}`
  await customer.write(text)
  const [giver] = (await own(noor)).split(' ')
  const receiver = await own(jonas)
  await open(noor, text)
  await more(noor).click()
  await noor.getByRole('menuitem', { name: 'Transfer…' }).click()
  const dialog = noor.getByRole('dialog')
  await dialog.getByRole('button', { name: 'Transfer' }).click()
  await expect(dialog.getByRole('alert')).toHaveText('Choose who gets it.')
  await dialog.getByRole('combobox').selectOption({ label: receiver })
  await dialog.getByRole('button', { name: 'Transfer' }).click()
  await expect(dialog.getByRole('alert')).toHaveText('Write what they have to know.')
  await dialog.getByLabel('What they have to know').fill('They want the blue one by Friday.')
  await noSeriousFindings(noor)
  await noor.screenshot({ path: `${SHOTS}/transfer-light.png` })
  await dialog.getByRole('button', { name: 'Transfer' }).click()
  await expect(said(noor, `Transferred to ${receiver}.`)).toBeVisible()

  await view(jonas, /Your customers/).click()
  await row(jonas, 'They want the blue one by Friday.').click()
  const handed = jonas.getByRole('region', { name: `${giver} handed this to you:` })
  await expect(handed.getByText('They want the blue one by Friday.')).toBeVisible()
  await noSeriousFindings(jonas)
  await jonas.screenshot({ path: `${SHOTS}/handed-light.png` })
  await jonas.emulateMedia({ colorScheme: 'dark' })
  await noSeriousFindings(jonas)
  await jonas.screenshot({ path: `${SHOTS}/handed-dark.png` })

  await noor.locator('.toasts').getByRole('button', { name: 'Undo' }).click()
  await expect(said(noor, 'Taken back.')).toBeVisible()
  await expect(handed).toHaveCount(0)
})

test('who is named with @ in a note has it in Mentions until they read it', async ({ noor, jonas, customer }) => {
  const text = `Name me ${Date.now()}`
  await customer.write(text)
  const named = await own(jonas)
  await open(noor, text)
  await noor.keyboard.press('n')
  const field = noor.getByRole('textbox', { name: /note/i })
  await field.pressSequentially(`Ask @${named.slice(0, 2).toLowerCase()}`)
  await expect(noor.getByRole('option', { name: named })).toBeVisible()
  await noSeriousFindings(noor)
  await noor.screenshot({ path: `${SHOTS}/naming-light.png` })
  await noor.keyboard.press('Enter')
  await expect(field).toHaveValue(`Ask @${named} `)
  await field.pressSequentially('about the size.')
  await noor.keyboard.press('Control+Enter')
  await expect(noor.getByText(`Names ${named}`)).toBeVisible()

  await expect(view(jonas, /Mentions/)).toContainText('1 mention')
  await view(jonas, /Mentions/).click()
  await expect(row(jonas, 'about the size.').getByText('Named you')).toBeVisible()
  await jonas.screenshot({ path: `${SHOTS}/mentions-light.png` })
  await row(jonas, 'about the size.').click()
  await expect(jonas.getByText('Names you')).toBeVisible()
  await expect(view(jonas, /Mentions/)).not.toContainText('1 mention')
  await expect(row(jonas, 'about the size.').getByText('Named you')).toHaveCount(0)
})

test('S puts off until a moment in words, for everybody, and it wakes by hand and by the customer', async ({
  noor,
  jonas,
  customer,
}) => {
  const text = `Put me off ${Date.now()}`
  await customer.write(text)
  await open(noor, text)
  await view(jonas, /Team queue/).click()
  await expect(row(jonas, text)).toBeVisible()
  await noor.keyboard.press('s')
  const dialog = noor.getByRole('dialog')
  await dialog.getByText('Tomorrow').click()
  // A reply is owed before that: it says what it means, and asks.
  await expect(dialog.getByText(/A reply is due .* will be late/)).toBeVisible()
  await noSeriousFindings(noor)
  await noor.screenshot({ path: `${SHOTS}/snooze-late-light.png` })
  await dialog.getByRole('button', { name: 'Snooze all the same' }).click()
  await expect(said(noor, '1 snoozed.')).toBeVisible()
  await expect(row(noor, text)).toHaveCount(0)
  await expect(row(jonas, text)).toHaveCount(0)

  await view(jonas, /Snoozed/).click()
  await expect(row(jonas, text).getByText(/Snoozed until/)).toBeVisible()
  await row(jonas, text).click()
  await expect(jonas.getByText('For everybody, or until the customer writes.')).toBeVisible()
  await noSeriousFindings(jonas)
  await jonas.screenshot({ path: `${SHOTS}/snoozed-light.png` })
  await jonas.emulateMedia({ colorScheme: 'dark' })
  await jonas.screenshot({ path: `${SHOTS}/snoozed-dark.png` })
  await jonas.getByRole('button', { name: 'Wake now' }).click()
  await expect(said(jonas, '1 is back among the others.')).toBeVisible()
  await expect(row(noor, text)).toBeVisible()

  await row(noor, text).click()
  await noor.keyboard.press('s')
  await dialog.getByText('At a time of your choice').click()
  await dialog.getByLabel('Date and time').fill('2020-01-01T09:00')
  await dialog.getByRole('button', { name: 'Snooze' }).click()
  await expect(dialog.getByRole('alert')).toHaveText('Choose a moment in the future, within a year.')
  await dialog.getByText('In 3 hours').click()
  await dialog.getByRole('button', { name: /^Snooze/ }).click()
  await expect(row(noor, text)).toHaveCount(0)
  await customer.write('I am back')
  await expect(row(noor, 'I am back')).toHaveClass(/unread/)
})

test('on a phone and right-to-left the same is at hand', async ({ browser, shared, customer, noor }) => {
  const text = `By finger ${Date.now()}`
  await customer.write(text)
  const context = await browser.newContext({ viewport: PHONE, hasTouch: true })
  const page = await signedIn(context, shared, 1)
  await page.goto(`${shared.url}/inbox/unassigned`)
  await row(page, text).click()
  await open(noor, text)
  await expect(page.getByText(/is viewing/)).toBeVisible()
  await more(page).click()
  await page.getByRole('menuitem', { name: /Snooze/ }).click()
  await noSeriousFindings(page)
  await page.screenshot({ path: `${SHOTS}/phone-snooze.png` })
  expect(await sideways(page)).toBe(false)
  await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click()
  await more(page).click()
  await page.getByRole('menuitem', { name: 'Transfer…' }).click()
  await page.screenshot({ path: `${SHOTS}/phone-transfer.png` })
  expect(await sideways(page)).toBe(false)
  await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click()
  await page.goto(`${shared.url}/account`)
  await expect(page.getByRole('link', { name: /Snoozed/ })).toBeVisible()
  await page.getByRole('link', { name: /Mentions/ }).click()
  await expect(page).toHaveURL(/\/inbox\/mentions$/)
  await page.screenshot({ path: `${SHOTS}/phone-mentions.png` })
  await page.goto(`${shared.url}/account`)
  await page.getByRole('button', { name: 'العربية' }).click()
  await page.goto(`${shared.url}/inbox/unassigned`)
  await row(page, text).click()
  await expect(page.locator('.presence p')).toBeVisible()
  await noSeriousFindings(page)
  await page.screenshot({ path: `${SHOTS}/phone-presence-rtl.png` })
  await context.close()
})
