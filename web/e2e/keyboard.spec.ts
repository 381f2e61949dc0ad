// The whole flow by keyboard alone, and where each step leaves focus.
import { Customer, expect, row, test } from './bridge'

test('find, take, answer, send and close: by keyboard alone', async ({ noor, customer, shared }) => {
  const mark = `Keyboard ${Date.now()}`
  await customer.write(mark)
  await noor.goto(`${shared.url}/inbox/unassigned`)
  await expect(row(noor, mark)).toBeVisible()

  // J goes down to it, however many stand before it.
  for (let i = 0; i < 60; i++) {
    await noor.keyboard.press('j')
    if (await row(noor, mark).evaluate((el) => el === document.activeElement)) break
  }
  await expect(row(noor, mark)).toBeFocused()
  await noor.keyboard.press('Enter')
  await expect(noor.getByRole('log').getByText(mark)).toBeVisible()
  await expect(noor).toHaveURL(/\/inbox\/unassigned\/.+/)

  // Esc goes back to the row; O opens it again.
  await noor.keyboard.press('Escape')
  await expect(row(noor, mark)).toBeFocused()
  await noor.keyboard.press('o')
  await expect(noor.getByRole('log')).toBeFocused()

  // A opens the menu on its first choice: take it.
  await noor.keyboard.press('a')
  await expect(noor.getByRole('menuitem', { name: 'Take it' })).toBeFocused()
  await noor.keyboard.press('Enter')
  await expect(noor.getByText('Your customer', { exact: true })).toBeVisible()
  await expect(noor.getByRole('log')).toBeFocused()

  // G I: my customers. Then R writes, and single keys are letters.
  await noor.keyboard.press('g')
  await noor.keyboard.press('i')
  await expect(noor).toHaveURL(/\/inbox\/mine$/)
  await row(noor, mark).focus()
  await noor.keyboard.press('Enter')
  await expect(noor.getByRole('log').getByText(mark)).toBeVisible()
  await noor.keyboard.press('r')
  const field = noor.getByRole('textbox', { name: 'Message' })
  await expect(field).toBeFocused()
  await noor.keyboard.type('June jerseys are here, u and e')
  await expect(field).toHaveValue('June jerseys are here, u and e')
  await noor.keyboard.press('Control+Shift+Enter')
  await expect(noor.getByRole('log').getByText('June jerseys are here, u and e')).toHaveCount(0)
  await expect.poll(() => customer.received(), { timeout: 30_000 }).toContain('June jerseys are here, u and e')
  await noor.goto(`${shared.url}/inbox/closed`)
  await expect(row(noor, 'June jerseys')).toBeVisible()
})

test('no act lets go of focus: take, block, unblock, waive, send and close', async ({ noor, customer, shared }) => {
  const [first, second] = [`Keep focus ${Date.now()}`, `Then me ${Date.now()}`]
  await customer.write(first)
  await new Customer(shared, `${customer.number}1`).write(second)
  // What is fetched ahead would be there at once; here each conversation comes when it is opened, and late.
  await noor.route(/\/api\/v1\/conversations\/[^/?]+$/, async (route) => {
    await new Promise((next) => setTimeout(next, 400))
    await route.fallback()
  })
  await noor.goto(`${shared.url}/inbox/unassigned`)
  await row(noor, first).focus()
  await noor.keyboard.press('Enter')
  const log = noor.getByRole('log')
  await expect(log.getByText(first)).toBeVisible()
  await expect(log).toBeFocused()
  await noor.getByRole('button', { name: 'Take it' }).press('Enter')
  await expect(log).toBeFocused()

  const more = noor.getByRole('button', { name: 'More', exact: true })
  const dialog = noor.getByRole('dialog')
  const ask = async () => {
    await more.press('Enter')
    // The menu takes focus to its first choice a moment after it shows.
    await expect(noor.getByRole('menuitem', { name: 'Mark unread' })).toBeFocused()
    await noor.getByRole('menuitem', { name: 'Block this sender' }).press('Enter')
  }
  await ask()
  await dialog.getByRole('button', { name: 'Cancel' }).press('Enter')
  await expect(more).toBeFocused()
  await ask()
  await dialog.getByLabel('Why?').fill('A test')
  await noor.keyboard.press('Enter')
  await expect(dialog).toHaveCount(0)
  await expect(more).toBeFocused()
  await noor.getByRole('form').getByRole('button', { name: 'Unblock' }).press('Enter')
  await expect(log).toBeFocused()

  const field = noor.getByRole('textbox', { name: 'Message' })
  await field.fill('An answer')
  await noor.goto(`${shared.url}/inbox/unassigned`)
  await row(noor, second).focus()
  await noor.keyboard.press('Enter')
  await expect(log.getByText(second)).toBeVisible()
  await noor.getByRole('button', { name: 'No answer needed' }).press('Enter')
  await expect(dialog.getByLabel('Only a thank-you')).toBeFocused()
  await dialog.getByLabel('And close the conversation').uncheck()
  await dialog.getByRole('button', { name: 'No answer needed' }).press('Enter')
  await expect(dialog).toHaveCount(0)
  await expect(noor.getByText('Noted. Nobody waits here now.')).toBeVisible()
  await expect(log).toBeFocused()

  await noor.goto(`${shared.url}/inbox/all`)
  await row(noor, first).focus()
  await noor.keyboard.press('r')
  await expect(field).toHaveValue('An answer')
  await expect(field).toBeFocused()
  await noor.keyboard.press('Control+Shift+Enter')
  await expect(log.getByText(first)).toHaveCount(0)
  await expect(log).toBeFocused()
})

test('at 200 % each pane that covers another takes focus, and gives it back', async ({ noor, customer, shared }) => {
  const mark = `Pane by pane ${Date.now()}`
  await customer.write(mark)
  await noor.setViewportSize({ width: 640, height: 450 })
  await noor.goto(`${shared.url}/inbox/unassigned`)
  await row(noor, mark).focus()
  await noor.keyboard.press('Enter')
  await expect(noor.getByRole('log').getByText(mark)).toBeVisible()
  await expect(noor.getByRole('log')).toBeFocused()
  await noor.keyboard.press('c')
  await expect(noor.getByRole('complementary')).toBeFocused()
  await noor.keyboard.press('Escape')
  await expect(noor.getByRole('log')).toBeFocused()
  await noor.getByRole('link', { name: 'Customer card' }).press('Enter')
  await expect(noor.getByRole('complementary')).toBeFocused()
  await noor.getByRole('link', { name: 'Back to the conversation' }).press('Enter')
  await expect(noor.getByRole('log')).toBeFocused()
  await noor.getByRole('link', { name: 'Back to the list' }).press('Enter')
  await expect(row(noor, mark)).toBeFocused()
})

test('? lists every shortcut, and they can be turned off', async ({ noor }) => {
  await noor.keyboard.press('?')
  const list = noor.getByRole('dialog', { name: 'Shortcuts' })
  for (const name of ['Down', 'Reply', 'Assign', 'Mark unread', 'Send and close'])
    await expect(list.getByText(name, { exact: true })).toBeVisible()
  await list.getByLabel(/Single-key shortcuts/).uncheck()
  await noor.keyboard.press('Escape')
  await expect(list).toHaveCount(0)
  await noor.keyboard.press('?')
  await expect(list).toHaveCount(0)
})

test('each view has an address; back, forward and reload keep the place', async ({ noor, customer }) => {
  await customer.write('Keep my place')
  await noor
    .getByRole('link', { name: /Team queue/ })
    .first()
    .click()
  await row(noor, 'Keep my place').click()
  await expect(noor.getByRole('log').getByText('Keep my place')).toBeVisible()
  const there = noor.url()
  await noor.goBack()
  await expect(noor).toHaveURL(/\/inbox\/unassigned$/)
  await noor.goForward()
  await expect(noor).toHaveURL(there)
  await noor.reload()
  await expect(noor.getByRole('log').getByText('Keep my place')).toBeVisible()
})

test('opening costs three requests at most, and an idle inbox asks nothing', async ({ noor, customer }) => {
  await customer.write('Count my requests')
  await noor
    .getByRole('link', { name: /Team queue/ })
    .first()
    .click()
  await expect(row(noor, 'Count my requests')).toBeVisible()
  let asked = 0
  let told = 0
  let last = Date.now()
  noor.on('request', (r) => {
    if (!r.url().includes('/api/v1/')) return
    if (r.url().endsWith('/presence')) return void told++
    asked++
    last = Date.now()
  })
  // What was still on its way has come when nothing was asked for two seconds.
  await expect.poll(() => Date.now() - last > 2_000).toBe(true)
  asked = 0
  await row(noor, 'Count my requests').click()
  await expect(noor.getByRole('log').getByText('Count my requests')).toBeVisible()
  await expect(row(noor, 'Count my requests').getByText('Unread')).toHaveCount(0)
  expect(asked).toBeLessThanOrEqual(3)
  asked = 0
  // Quiet for a while: the live stream is the only line. Time passes; nothing is waited for but that.
  await noor.evaluate(() => new Promise((done) => setTimeout(done, 8_000)))
  expect(asked).toBe(0)
  // Colleagues are told that somebody is here: once, and every ten seconds after that.
  expect(told).toBeLessThanOrEqual(2)
})

test('unread is bold and counted in the title, and U brings it back', async ({ noor, customer }) => {
  await customer.write('Unread me')
  await noor
    .getByRole('link', { name: /Team queue/ })
    .first()
    .click()
  await expect(row(noor, 'Unread me')).toHaveClass(/unread/)
  await expect(noor).toHaveTitle(/^\(\d+\+?\) /)
  await row(noor, 'Unread me').click()
  await expect(row(noor, 'Unread me')).not.toHaveClass(/unread/)
  await noor.getByRole('log').focus()
  await noor.keyboard.press('u')
  await expect(row(noor, 'Unread me')).toHaveClass(/unread/)
})
