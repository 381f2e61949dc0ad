// What people decide beside answering: whether the bot speaks, and whose a number is.
import { Customer, expect, noSeriousFindings, open, row, test } from './bridge'

test('an administrator switches the bot off while it runs, and nothing leaves by itself', async ({
  noor,
  jonas,
  customer,
  shared,
}) => {
  await jonas.goto(`${shared.url}/inboxes`)
  await expect(jonas.getByText('Birkholt SMS').first()).toBeVisible()
  await expect(jonas.getByRole('switch')).toHaveCount(0)

  await noor.goto(`${shared.url}/inboxes`)
  const all = noor.getByRole('switch', { name: 'The bot acknowledges, on all inboxes' })
  const one = noor.getByRole('switch', { name: 'The bot acknowledges: Birkholt SMS' })
  await expect(one).toBeChecked()
  try {
    await all.focus()
    await noor.keyboard.press('Space')
    await expect(all).not.toBeChecked()
    await expect(noor.getByText('Without effect: off for all inboxes')).toHaveCount(4)
    await noSeriousFindings(noor)
    const text = `Silence please ${Date.now()}`
    await customer.write(text)
    await open(noor, text)
    await noor.getByRole('textbox', { name: 'Message' }).fill('A person here.')
    await noor.getByRole('button', { name: 'Send', exact: true }).click()
    // What a person wrote comes after what the bot would have said.
    await expect.poll(() => customer.received(), { timeout: 20_000 }).toEqual(['A person here.'])
  } finally {
    await noor.goto(`${shared.url}/inboxes`)
    await all.click()
    await expect(all).toBeChecked()
  }
  const next = new Customer(shared, `${customer.number.slice(0, -2)}99`)
  await next.write('And now?')
  await expect.poll(() => next.received()).toEqual([expect.stringContaining('Automated message')])
})

test('a number with a new owner begins anew, and a mistake is taken back', async ({ noor, customer }) => {
  const old = `I am the first ${Date.now()}`
  await customer.write(old)
  await open(noor, old)
  const card = noor.locator('#card')
  const give = async () => {
    await card.getByRole('button', { name: 'This number has a new owner' }).click()
    const dialog = noor.getByRole('dialog', { name: 'A new owner of this number' })
    await noSeriousFindings(noor)
    await dialog.getByLabel('How do you know?').fill('The carrier said so')
    await dialog.getByRole('button', { name: 'Note the new owner' }).click()
    await expect(card.getByRole('button', { name: 'Undo: it is the same owner' })).toBeVisible()
  }
  await give()
  await card.getByRole('button', { name: 'Undo: it is the same owner' }).click()
  await expect(card.getByRole('button', { name: 'This number has a new owner' })).toBeVisible()
  await give()

  const young = `I am somebody else ${Date.now()}`
  await customer.write(young)
  await open(noor, young)
  await expect(noor.getByRole('log').getByText(old)).toHaveCount(0)
  // From here on it can't be taken back, and says where to go on.
  await row(noor, old).click()
  await card.getByRole('button', { name: 'Undo: it is the same owner' }).click()
  await expect(noor.getByRole('alert').getByText(/^Too late: somebody has written .* Go on there/)).toBeVisible()
})
