// Who a customer is, in a browser: the card's handles and marks, suggestions, merging with a look at both sides and
// back, values to choose from, shared addresses and link codes; in light and dark, on a desktop and on a phone.
import type { Page } from '@playwright/test'
import { expect, noSeriousFindings, row } from './bridge'
import { test } from './letterbox'

const SHOTS = 'test-results/shots'
let serial = Date.now() % 100_000

const card = (page: Page) => page.getByRole('complementary', { name: 'Customer card' })
const dialog = (page: Page) => page.getByRole('dialog')

async function read(page: Page, text: string): Promise<void> {
  await page
    .getByRole('navigation', { name: 'Views' })
    .first()
    .getByRole('link', { name: /Team queue/ })
    .click()
  await row(page, text).click()
  await expect(page.getByRole('log').getByText(text).first()).toBeVisible()
}

test('two records are compared, merged with a reason, chosen between and taken apart again', async ({ noor, box }) => {
  const n = ++serial
  const [first, second] = [`+491517${n}01`, `+491517${n}02`]
  await box.post({ from: { address: first, name: 'Rosa Blum', proven: true }, text: `Boots ${n}` })
  await box.post({ from: { address: second, name: 'Rosa B.', proven: true }, text: `Laces ${n}` })
  await noor.setViewportSize({ width: 1440, height: 960 })
  await read(noor, `Boots ${n}`)
  const merge = card(noor).getByRole('button', { name: 'Merge with another record' })
  await merge.click()
  const sought = dialog(noor).getByRole('textbox')
  await expect(sought).toBeFocused()
  await noor.keyboard.type('+49000')
  await noor.keyboard.press('Enter')
  await expect(dialog(noor).getByText('Nobody whom you may see')).toBeVisible()
  await sought.fill(first)
  await noor.keyboard.press('Enter')
  await expect(dialog(noor).getByText('This is the record that you are looking at.')).toBeVisible()
  await sought.fill(second)
  await noor.keyboard.press('Enter')
  await expect(dialog(noor).getByText('This record stays')).toBeVisible()
  await expect(dialog(noor).getByText('Name differs: both are kept until somebody chooses')).toBeVisible()
  await noSeriousFindings(noor)
  await noor.screenshot({ path: `${SHOTS}/identity-merge.png` })
  await dialog(noor).getByLabel('How do you know?').fill('She said so on the telephone.')
  await noor.keyboard.press('Enter')
  await expect(dialog(noor)).toHaveCount(0)

  await expect(card(noor).getByText('+49').filter({ visible: true })).not.toHaveCount(0)
  await expect(card(noor).getByText('Joined records')).toBeVisible()
  await expect(card(noor).getByText('She said so on the telephone.')).toBeVisible()
  await expect(noor.getByRole('log').getByText('merged two records of this customer').first()).toBeVisible()
  await expect(noor.getByRole('log').getByText(`Laces ${n}`)).toBeVisible()
  await expect(card(noor).getByRole('region', { name: 'Which is right?' })).toBeVisible()
  await noSeriousFindings(noor)
  await noor.screenshot({ path: `${SHOTS}/identity-card.png` })
  await noor.emulateMedia({ colorScheme: 'dark' })
  await noSeriousFindings(noor)
  await noor.screenshot({ path: `${SHOTS}/identity-card-dark.png` })
  await noor.emulateMedia({ colorScheme: 'light' })
  await card(noor).getByRole('button', { name: 'Use Rosa B.' }).click()
  await expect(card(noor).getByRole('region', { name: 'Which is right?' })).toHaveCount(0)
  await expect(card(noor).getByRole('heading', { level: 2, name: 'Rosa B.' })).toBeVisible()

  // By the card: the toast is the quick way, and this one stays.
  await card(noor)
    .getByRole('button', { name: /^Undo:/ })
    .click()
  await expect(card(noor).getByText('Joined records')).toHaveCount(0)
  await expect(card(noor).getByRole('heading', { level: 2, name: 'Rosa Blum' })).toBeVisible()
  await expect(noor.getByRole('log').getByText(`Laces ${n}`)).toHaveCount(0)
})

test('a suggestion says why, is compared, and taken back by the toast', async ({ noor, box }) => {
  const n = ++serial
  const address = `mia${n}@blum.example`
  await box.post({ from: { address, name: 'Mia Blum', proven: true }, text: `Tent ${n}` })
  await box.post({ from: { address, name: 'Mia Blum' }, thread: `claimed-${n}`, text: `Pegs ${n}` })
  await box.post({ from: { address: `m\u0456a${n}@blum.example`, name: 'Mia Blum', proven: true }, text: `Fake ${n}` })
  await noor.setViewportSize({ width: 1440, height: 960 })
  await read(noor, `Tent ${n}`)
  const offer = card(noor).getByRole('region', { name: 'Perhaps the same person' })
  await expect(offer).toHaveCount(1)
  await expect(offer).toContainText('proven for one and only claimed by the other')
  await expect(card(noor).getByText('Looks like another customer’s address')).toBeVisible()
  await noor.screenshot({ path: `${SHOTS}/identity-suggestion.png` })
  await offer.getByRole('button', { name: 'Compare' }).click()
  await expect(dialog(noor).getByText('One of the addresses is not proven.')).toBeVisible()
  await dialog(noor).getByLabel('How do you know?').fill('Her order number is in both.')
  await dialog(noor).getByRole('button', { name: 'Merge', exact: true }).click()
  await expect(card(noor).getByText('Joined records')).toBeVisible()
  await noor.getByRole('button', { name: 'Undo', exact: true }).last().click()
  await expect(card(noor).getByText('Joined records')).toHaveCount(0)
  await offer.getByRole('button', { name: 'Two people' }).click()
  await expect(offer).toHaveCount(0)
})

test('an address is shared and is not, and a link code is shown once; also on a phone', async ({ noor, box }) => {
  const n = ++serial
  const address = `+491518${n}01`
  await box.post({ from: { address, name: 'Family Lund', proven: true }, text: `Lamp ${n}` })
  await read(noor, `Lamp ${n}`)
  await noor.setViewportSize({ width: 360, height: 740 })
  await noor.getByRole('link', { name: /Customer card/ }).click()
  await card(noor).getByRole('button', { name: 'Several people use this' }).click()
  await dialog(noor).getByRole('button', { name: 'Mark as shared' }).click()
  await expect(card(noor).getByText('Used by several people: joins nothing')).toBeVisible()
  await noSeriousFindings(noor)
  await noor.screenshot({ path: `${SHOTS}/identity-phone-360.png` })
  await card(noor).getByRole('button', { name: 'One person uses this' }).click()
  await expect(card(noor).getByText('Used by several people: joins nothing')).toHaveCount(0)
  await card(noor).getByRole('button', { name: 'Make a link code' }).click()
  await expect(dialog(noor).locator('output')).toHaveText(/^[2-9A-HJKMNP-Z]{5}-[2-9A-HJKMNP-Z]{5}$/)
  await noSeriousFindings(noor)
  await noor.emulateMedia({ colorScheme: 'dark' })
  await noor.screenshot({ path: `${SHOTS}/identity-code-360-dark.png` })
})
