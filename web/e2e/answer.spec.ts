// The main story: a customer writes, it shows live, a person answers, the answer arrives. And what goes wrong with it.
import { expect, open, row, test, watch } from './bridge'

test('an SMS written in the playground shows live, is answered, and the answer arrives on the phone', async ({
  noor,
  shared,
}) => {
  const play = await noor.context().newPage()
  watch(play)
  await play.goto(`${shared.url}/playground`)
  const phone = play.locator('.phone')
  const question = `Does the rain shell come in M? ${Date.now()}`
  await play.locator('.customer').nth(1).click()
  await phone.getByRole('textbox').fill(question)
  await phone.getByRole('button', { name: /^Send as/ }).click()
  await expect(phone.getByText(question)).toBeVisible()

  await open(noor, question)
  await expect(noor.locator('.owe')).toBeVisible()
  await noor.getByRole('textbox', { name: 'Message' }).fill('Yes, and it is in the shop.')
  await noor.getByRole('textbox', { name: 'Message' }).press('Control+Enter')
  const bubble = noor.locator('.turn.out', { hasText: 'Yes, and it is in the shop.' })
  await expect(bubble.locator('.fate-word')).toHaveText('Sending')
  await expect(noor.locator('.owe')).toHaveCount(0)
  await expect(phone.getByText('Yes, and it is in the shop.')).toBeVisible({ timeout: 30_000 })
  await expect(bubble.locator('.fate-word')).toHaveText(/Sent|Delivered/)
})

test('undo brings text and cursor back, and the customer gets nothing', async ({ noor, customer }) => {
  await customer.write('When do you open?')
  await open(noor, 'When do you open?')
  const field = noor.getByRole('textbox', { name: 'Message' })
  await field.fill('At nine tomorow.')
  await field.press('Control+Enter')
  await expect(noor.getByRole('status').getByRole('button', { name: /Undo/ })).toBeVisible()
  await noor.getByRole('log').focus()
  await noor.keyboard.press('z')
  await expect(field).toHaveValue('At nine tomorow.')
  await expect(field).toBeFocused()
  await expect(noor.locator('.turn.out', { hasText: 'At nine tomorow.' })).toHaveCount(0)
  await expect(noor.locator('.owe')).toBeVisible()
  expect(await customer.received()).not.toContain('At nine tomorow.')
})

test('a refused send stays in place with its reason and a way to retry', async ({ noor, customer }) => {
  await customer.write('Is my parcel on its way?')
  await open(noor, 'Is my parcel on its way?')
  await customer.fault('refuse_send')
  const field = noor.getByRole('textbox', { name: 'Message' })
  await field.fill('It left this morning.')
  await field.press('Control+Enter')
  const bubble = noor.locator('.turn.out', { hasText: 'It left this morning.' })
  await expect(bubble.locator('.trouble.failed')).toBeVisible({ timeout: 40_000 })
  await customer.fault('none')
  await bubble.getByRole('button', { name: 'Retry' }).click()
  await expect.poll(() => customer.received(), { timeout: 30_000 }).toContain('It left this morning.')
  expect((await customer.received()).filter((text) => text === 'It left this morning.')).toHaveLength(1)
})

test('a cut line asks a person and repeats nothing by itself', async ({ noor, customer }) => {
  await customer.write('Can you call me?')
  await open(noor, 'Can you call me?')
  await customer.fault('cut_send')
  const field = noor.getByRole('textbox', { name: 'Message' })
  await field.fill('We call at noon.')
  await field.press('Control+Enter')
  const bubble = noor.locator('.turn.out', { hasText: 'We call at noon.' })
  await expect(bubble.getByText('We can’t tell if this arrived.')).toBeVisible({ timeout: 40_000 })
  await customer.fault('none')
  await bubble.getByRole('button', { name: 'Mark as arrived' }).click()
  await expect(bubble.locator('.trouble')).toHaveCount(0)
  expect((await customer.received()).filter((text) => text === 'We call at noon.').length).toBeLessThanOrEqual(1)
})

test('a message that comes in while I write is shown, and my send waits for my decision', async ({
  noor,
  customer,
}) => {
  await customer.write('Which size fits?')
  await open(noor, 'Which size fits?')
  const field = noor.getByRole('textbox', { name: 'Message' })
  await field.fill('Size 42 fits.')
  await customer.write('It is for my son, by the way')
  await expect(noor.getByText('wrote while you were writing.')).toBeVisible()
  await field.press('Control+Enter')
  const bubble = noor.locator('.turn.out', { hasText: 'Size 42 fits.' })
  await expect(bubble.getByText('Yours is held until you decide.')).toBeVisible()
  expect(await customer.received()).not.toContain('Size 42 fits.')
  await bubble.getByRole('button', { name: 'Send anyway' }).click()
  await expect.poll(() => customer.received(), { timeout: 30_000 }).toContain('Size 42 fits.')
})

test('a colleague’s answer holds mine in each of my tabs, until I decide in one of them', async ({
  noor,
  jonas,
  customer,
}) => {
  await customer.write('Do you repair soles?')
  await open(noor, 'Do you repair soles?')
  await open(jonas, 'Do you repair soles?')
  await noor.getByRole('textbox', { name: 'Message' }).fill('Yes, for 40 euros.')
  const theirs = jonas.getByRole('textbox', { name: 'Message' })
  await theirs.fill('We do, bring them in.')
  await theirs.press('Control+Enter')
  await expect(noor.locator('.turn.out', { hasText: 'We do, bring them in.' })).toBeVisible()
  await noor.getByRole('textbox', { name: 'Message' }).press('Control+Enter')
  const held = noor.getByText('Yours is held until you decide.')
  await expect(held).toBeVisible()
  const tab = await noor.context().newPage()
  await tab.goto(new URL('/account', noor.url()).href)
  await tab.getByRole('button', { name: 'Sign out' }).click()
  const asked = tab.getByRole('dialog', { name: '1 message was not sent' })
  await asked.getByRole('button', { name: 'Cancel' }).click()
  await expect(asked).toHaveCount(0)
  await tab.goto(noor.url())
  await tab.getByRole('button', { name: 'Send anyway' }).click()
  await expect(held).toHaveCount(0)
  await expect(noor.locator('.turn.out', { hasText: 'Yes, for 40 euros.' })).toHaveCount(1)
  await expect.poll(() => customer.received(), { timeout: 30_000 }).toContain('Yes, for 40 euros.')
  expect((await customer.received()).filter((text) => text === 'Yes, for 40 euros.')).toHaveLength(1)
})

test('a note looks different, says who sees it, and never leaves', async ({ noor, customer }) => {
  await customer.write('I come on Friday')
  await open(noor, 'I come on Friday')
  const posts: string[] = []
  noor.on('request', (r) => {
    if (r.method() === 'POST') posts.push(new URL(r.url()).pathname)
  })
  await noor.getByRole('log').focus()
  await noor.keyboard.press('n')
  const field = noor.getByRole('textbox', { name: 'Note, only your team sees this' })
  await field.fill('Keep the blue one for her.')
  await noor.getByRole('button', { name: 'Keep note' }).click()
  const note = noor.getByRole('article', { name: 'Internal note' })
  await expect(note.getByText('Keep the blue one for her.')).toBeVisible()
  await expect(note.getByText('Only your team sees this')).toBeVisible()
  expect(posts.some((path) => path.endsWith('/replies'))).toBe(false)
  expect(await customer.received()).not.toContain('Keep the blue one for her.')
})

test('a draft survives a reload, comes to another device, and leaves here what was sent there', async ({
  noor,
  customer,
  shared,
  browser,
}) => {
  await customer.write('Draft, please')
  await open(noor, 'Draft, please')
  const saved = noor.waitForResponse((r) => r.url().endsWith('/draft') && r.request().method() === 'PUT')
  await noor.getByRole('textbox', { name: 'Message' }).fill('Half an answ')
  await saved
  await expect(row(noor, 'Draft, please').getByText('Draft', { exact: true })).toBeVisible()
  await noor.reload()
  await expect(noor.getByRole('textbox', { name: 'Message' })).toHaveValue('Half an answ')
  const other = await browser.newContext({ storageState: { cookies: await noor.context().cookies(), origins: [] } })
  const device = await other.newPage()
  await device.goto(noor.url())
  await expect(device.getByRole('textbox', { name: 'Message' })).toHaveValue('Half an answ')
  await device.getByRole('textbox', { name: 'Message' }).press('Control+Enter')
  await expect(device.locator('.turn.out', { hasText: 'Half an answ' })).toBeVisible()
  await expect(noor.getByRole('textbox', { name: 'Message' })).toHaveValue('')
  await other.close()
  expect(shared.url).toBeTruthy()
})

test('without a line the answer waits and goes out in order when it is back', async ({ noor, customer }) => {
  await customer.write('Anybody there?')
  await open(noor, 'Anybody there?')
  await noor
    .context()
    .route('**/api/v1/**', (route) => (route.request().method() === 'GET' ? route.fallback() : route.abort()))
  const field = noor.getByRole('textbox', { name: 'Message' })
  for (const text of ['First answer.', 'Second answer.']) {
    await field.fill(text)
    await field.press('Control+Enter')
  }
  await expect(noor.getByText('Drafts are kept.')).toBeVisible()
  await expect(noor.locator('.turn.out', { hasText: 'Second answer.' }).getByText('Waits for the line')).toBeVisible()
  await noor.context().unroute('**/api/v1/**')
  // The outbox tries again by itself every few seconds: it may have been quicker than this click.
  await noor
    .getByRole('button', { name: 'Try now' })
    .click({ timeout: 2_000 })
    .catch(() => undefined)
  await expect.poll(() => customer.received(), { timeout: 40_000 }).toContain('Second answer.')
  const received = (await customer.received()).filter((text) => text.endsWith('answer.'))
  expect(received).toEqual(['First answer.', 'Second answer.'])
})

test('close is refused while an answer is owed, and a reason lets it go', async ({ noor, customer }) => {
  await customer.write('Thank you, all good')
  await open(noor, 'Thank you, all good')
  await noor.getByRole('log').focus()
  await noor.keyboard.press('e')
  await expect(noor.getByRole('alert').getByText('still waits')).toBeVisible()
  await noor.getByRole('button', { name: 'No answer needed' }).click()
  const dialog = noor.getByRole('dialog')
  await dialog.getByLabel('Only a thank-you').check()
  await dialog.getByRole('button', { name: 'No answer needed' }).click()
  await noor.getByRole('link', { name: 'Closed' }).first().click()
  await row(noor, 'Thank you, all good').click()
  await expect(noor.getByRole('log').getByText('no answer needed')).toBeVisible()
  await noor.getByRole('button', { name: 'Reopen' }).click()
  await expect(noor.getByRole('button', { name: 'Reopen' })).toHaveCount(0)
})
