// Whose a conversation is and why, who stands in, and hours and absence. Pictures go to test-results/shots.
import { mkdirSync } from 'node:fs'
import { expect, noSeriousFindings, open, test } from './bridge'

const SHOTS = 'test-results/shots'
test.beforeAll(() => void mkdirSync(SHOTS, { recursive: true }))

const local = (at: number): string => {
  const there = new Date(at - new Date(at).getTimezoneOffset() * 60_000)
  return there.toISOString().slice(0, 16)
}

test('a customer who comes back is brought to who knows them, and the card says why', async ({ noor, customer }) => {
  await customer.write('Is the lamp in stock?')
  await open(noor, 'Is the lamp in stock?')
  await noor.getByRole('textbox', { name: 'Message' }).fill('Yes, two of them.')
  await noor.getByRole('button', { name: 'Send', exact: true }).click()
  const card = noor.locator('#card')
  await expect(card.getByText('Looked after by')).toBeVisible()
  await card.getByRole('button', { name: 'Why is this here?' }).click()
  const why = noor.getByRole('dialog', { name: 'Why is this here?' })
  await expect(why.getByText(/It waits for anybody/)).toBeVisible()
  await noor.screenshot({ path: `${SHOTS}/routing-why.png` })
  await why.getByLabel('Who looks after this customer').selectOption({ index: 1 })
  await expect(noor.getByText('Saved').first()).toBeVisible()
  await noor.keyboard.press('Escape')
  await expect(card.getByText('Known associate')).toBeVisible()
  await noSeriousFindings(noor)
  await noor.screenshot({ path: `${SHOTS}/routing-card.png` })
  await noor.emulateMedia({ colorScheme: 'dark' })
  await noor.screenshot({ path: `${SHOTS}/routing-card-dark.png` })
})

test('hours and absence are entered, refused with the reason, and ended', async ({ noor, shared }) => {
  await noor.goto(`${shared.url}/account`)
  const hours = noor.locator('#hours')
  await expect(hours.getByText('Always there')).toBeVisible()
  await hours.getByLabel('Time zone').fill('Europe/Berlim')
  await hours.getByLabel('Monday').fill('09:00-12:00, 11:00-17:00')
  await hours.getByRole('button', { name: 'Save hours' }).click()
  await expect(hours.getByRole('alert').filter({ hasText: 'Europe/Berlim' })).toBeVisible()
  await hours.getByLabel('Time zone').fill('Europe/Berlin')
  await hours.getByRole('button', { name: 'Save hours' }).click()
  await expect(hours.getByRole('alert').filter({ hasText: 'overlap' })).toBeVisible()
  await hours.getByLabel('Monday').fill('09:00-12:00, 13:00–17:00')
  await hours.getByLabel('Days that differ').fill('2026-12-25')
  await hours.getByRole('button', { name: 'Save hours' }).click()
  await expect(noor.getByText('The hours are saved.')).toBeVisible()
  await expect(hours.getByLabel('Monday')).toHaveValue('09:00-12:00, 13:00-17:00')

  const tomorrow = Date.now() + 86_400_000
  await hours.getByLabel('From').fill(local(tomorrow))
  await hours.getByLabel('Until').fill(local(tomorrow + 5 * 86_400_000))
  await hours.getByLabel('Who stands in').selectOption({ index: 1 })
  await hours.getByLabel('Why, for colleagues').fill('Holiday')
  await hours.getByRole('button', { name: 'Enter absence' }).click()
  await expect(hours.locator('.absences').getByText(/stands in · Holiday/)).toBeVisible()
  await noSeriousFindings(noor)
  await hours.screenshot({ path: `${SHOTS}/routing-hours.png` })
  await noor.setViewportSize({ width: 390, height: 2000 })
  await hours.screenshot({ path: `${SHOTS}/routing-hours-phone.png` })
  await hours.getByRole('button', { name: /End the absence/ }).click()
  await expect(hours.getByText('No absence ahead.')).toBeVisible()
  await hours.getByRole('button', { name: 'Without hours' }).click()
  await expect(hours.getByText('Always there')).toBeVisible()
})
