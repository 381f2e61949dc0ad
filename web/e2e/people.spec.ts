// Accounts: sign in and out, invite by a link, disable.
import { expect, test, watch } from './bridge'

test('a wrong password says so and keeps the address that was asked for', async ({ page, shared }) => {
  watch(page)
  await page.goto(`${shared.url}/inboxes`)
  await page.getByLabel('E-mail').fill(shared.people[0]?.email ?? '')
  await page.getByLabel('Password').fill('wrong wrong wrong')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await expect(page.getByRole('alert').filter({ hasText: 'don’t match' })).toBeVisible()
  await page.getByLabel('Password').fill(shared.people[0]?.password ?? '')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await expect(page.getByRole('heading', { level: 1, name: 'Inboxes' })).toBeVisible()
})

test('an administrator invites somebody, who signs in with the link and is disabled again', async ({
  noor,
  shared,
  browser,
}) => {
  await noor.goto(`${shared.url}/associates`)
  await noor.getByRole('button', { name: 'Invite somebody' }).click()
  const email = `mila.${Date.now()}@shop.example`
  const dialog = noor.getByRole('dialog')
  await dialog.getByLabel('Name').fill('Mila Novak')
  await dialog.getByLabel('E-mail').fill(email)
  await dialog.getByRole('button', { name: 'Make the link' }).click()
  const link = await noor.getByRole('textbox', { name: 'Link for Mila Novak' }).inputValue()
  await noor.getByRole('button', { name: 'Close this window' }).click()

  const context = await browser.newContext()
  const mila = await context.newPage()
  watch(mila)
  await mila.goto(new URL(new URL(link).pathname, shared.url).href)
  await expect(mila.getByRole('heading', { name: 'Welcome, Mila' })).toBeVisible()
  await mila.getByLabel('New password').fill('four quiet words here')
  await mila.getByLabel('The same again').fill('four quiet words here')
  await mila.getByRole('button', { name: 'Begin' }).click()
  await expect(mila.getByRole('heading', { level: 1, name: 'Your customers' })).toBeVisible()

  // The link works once.
  const second = await (await browser.newContext()).newPage()
  await second.goto(new URL(new URL(link).pathname, shared.url).href)
  await expect(second.getByRole('heading', { name: 'This link no longer works' })).toBeVisible()

  await noor.getByRole('button', { name: 'More: Mila Novak' }).click()
  await noor.getByRole('menuitem', { name: 'Disable' }).click()
  await expect(noor.getByRole('dialog').getByRole('button', { name: 'Cancel' })).toBeFocused()
  await noor.getByRole('dialog').getByRole('button', { name: 'Disable' }).click()
  await expect(noor.getByRole('button', { name: 'More: Mila Novak' })).toBeFocused()
  await expect(noor.locator('.person', { hasText: email }).getByText('Disabled')).toBeVisible()
  await mila
    .getByRole('link', { name: /Team queue/ })
    .first()
    .click()
  await expect(mila.getByRole('button', { name: 'Sign in' })).toBeVisible()
  await context.close()
})

test('signing out ends it here and in every other tab, which goes on as who signs in next', async ({
  browser,
  shared,
}) => {
  const { signedIn } = await import('./bridge')
  const page = await signedIn(await browser.newContext(), shared, 1)
  const other = await page.context().newPage()
  await other.goto(shared.url)
  await expect(other.getByRole('heading', { level: 1, name: 'Your customers' })).toBeVisible()
  await page
    .getByRole('link', { name: /You and settings/ })
    .first()
    .click()
  await page.getByRole('button', { name: 'Sign out' }).click()
  await expect(page.getByRole('button', { name: 'Sign in' })).toBeVisible()
  await expect(other.getByRole('button', { name: 'Sign in' })).toBeVisible()
  await page.reload()
  await expect(page.getByRole('button', { name: 'Sign in' })).toBeVisible()
  await signedIn(page.context(), shared, 0)
  await expect(other.getByRole('heading', { level: 1, name: 'Your customers' })).toBeVisible()
  await page.context().close()
})
