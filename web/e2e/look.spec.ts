// How it looks and whom it serves: axe in light and dark, phone and desktop, right-to-left; pictures to look at.
import { expect, noSeriousFindings, open, row, signedIn, test, watch } from './bridge'

const SHOTS = 'test-results/shots'

for (const scheme of ['light', 'dark'] as const) {
  test(`axe finds nothing serious in ${scheme}`, async ({ noor, customer, shared }) => {
    test.slow()
    await noor.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' })
    await customer.write(`Axe in ${scheme} 🙂`)
    await open(noor, `Axe in ${scheme}`)
    await noor.getByRole('textbox', { name: 'Message' }).fill('An answer that is being written 🙂')
    await noSeriousFindings(noor)
    await noor.screenshot({ path: `${SHOTS}/desktop-${scheme}.png` })
    await noor.getByRole('button', { name: 'Note', exact: true }).click()
    await noSeriousFindings(noor)
    await noor.getByRole('log').focus()
    await noor.keyboard.press('?')
    await expect(noor.getByRole('dialog')).toBeVisible()
    await noSeriousFindings(noor)
    await noor.keyboard.press('Escape')
    for (const path of ['associates', 'inboxes', 'account', 'inbox/nowhere', 'inbox/automatic']) {
      await noor.goto(`${shared.url}/${path}`)
      await expect(noor.getByRole('heading', { level: 1 })).toBeVisible()
      await noSeriousFindings(noor)
      await noor.screenshot({ path: `${SHOTS}/${path.replace('/', '-')}-${scheme}.png` })
    }
    await noor.goto(`${shared.url}/playground`)
    await expect(noor.locator('.customer').first()).toBeVisible()
    await noSeriousFindings(noor)
    await noor.screenshot({ path: `${SHOTS}/playground-${scheme}.png` })
  })
}

test('on a phone there is one pane at a time and nothing scrolls sideways', async ({ noor, customer }) => {
  await noor.setViewportSize({ width: 360, height: 740 })
  await customer.write('From a small screen')
  const tabs = noor.getByRole('navigation', { name: 'Views' }).last()
  await tabs.getByRole('link', { name: /Queue/ }).click()
  await expect(row(noor, 'From a small screen')).toBeVisible()
  await noor.screenshot({ path: `${SHOTS}/phone-list.png` })
  const sideways = () => noor.evaluate(() => document.documentElement.scrollWidth > innerWidth)
  expect(await sideways()).toBe(false)
  await row(noor, 'From a small screen').click()
  await expect(noor.getByRole('log')).toBeVisible()
  await expect(noor.locator('.list-body')).toBeHidden()
  expect(await sideways()).toBe(false)
  await noSeriousFindings(noor)
  await noor.screenshot({ path: `${SHOTS}/phone-timeline.png` })
  // That the line is down is said here too, and the composer stays in sight.
  await noor.context().setOffline(true)
  await expect(noor.getByText(/^Offline since/)).toBeVisible()
  const composer = await noor.locator('.composer').boundingBox()
  expect((composer?.y ?? 999) + (composer?.height ?? 0)).toBeLessThanOrEqual(740)
  await noor.screenshot({ path: `${SHOTS}/phone-offline.png` })
  await noor.context().setOffline(false)
  await expect(noor.getByText(/^Offline since/)).toHaveCount(0)
  // The head says whole who looks after them: the card is behind the name, not a button beside it.
  const whose = noor.locator('.who p .clip')
  await expect(whose).toHaveText('Nobody looks after this yet')
  expect(await whose.evaluate((el) => el.scrollWidth - el.clientWidth)).toBe(0)
  expect((await noor.locator('.thread-head').boundingBox())?.height ?? 99).toBeLessThan(60)
  await noor.getByRole('link', { name: /Customer card/ }).click()
  await expect(noor.getByRole('complementary')).toBeVisible()
  await noor.screenshot({ path: `${SHOTS}/phone-card.png` })
  await noor.getByRole('link', { name: 'Back to the conversation' }).click()
  await noor.getByRole('link', { name: 'Back to the list' }).click()
  await expect(noor.locator('.list-body')).toBeVisible()
})

test('on a phone the last tab leads to all that has none of its own', async ({ browser, shared }) => {
  const context = await browser.newContext({ viewport: { width: 360, height: 640 }, hasTouch: true, isMobile: true })
  const page = await signedIn(context, shared, 0)
  const more = page.getByRole('navigation', { name: 'Views' }).last().getByRole('link', { name: 'More' })
  await more.tap()
  const beside = page.getByRole('navigation', { name: 'More' })
  await expect(beside.getByRole('button', { name: 'Shortcuts' })).toBeHidden()
  for (const choice of await page.locator('.seg button').all())
    expect((await choice.boundingBox())?.height ?? 0).toBeGreaterThanOrEqual(40)
  // A long address stays within its own room.
  const email = page.locator('.page-head bdi')
  await email.evaluate((el) => (el.textContent = 'a.rather.long.name.indeed@a-rather-long-shop.example'))
  expect(await page.locator('.page-head .grow').evaluate((el) => el.scrollWidth - el.clientWidth)).toBe(0)
  await page.screenshot({ path: `${SHOTS}/phone-account.png` })
  await beside.getByRole('link', { name: 'Automatic' }).tap()
  await expect(page.getByRole('heading', { level: 1, name: 'Automatic' })).toBeVisible()
  await expect(more).toHaveAttribute('aria-current', 'page')
  await context.close()
})

test('in Arabic everything stands the other way round, and stays so after a reload', async ({
  noor,
  customer,
  shared,
}) => {
  await customer.write('هل وصل المعطف الأزرق؟')
  await noor.goto(`${shared.url}/account`)
  await noor.getByRole('button', { name: 'العربية' }).click()
  await expect(noor.locator('html')).toHaveAttribute('dir', 'rtl')
  await noor.goto(`${shared.url}/inbox/unassigned`)
  await expect(noor.locator('html')).toHaveAttribute('dir', 'rtl')
  await row(noor, 'هل وصل المعطف الأزرق؟').first().click()
  await expect(noor.getByRole('log')).toBeVisible()
  const [rail, thread] = [await noor.locator('.rail').boundingBox(), await noor.locator('.thread').boundingBox()]
  expect(rail?.x ?? 0).toBeGreaterThan(thread?.x ?? 0)
  await noSeriousFindings(noor)
  await noor.screenshot({ path: `${SHOTS}/rtl.png` })
})

test('a chosen theme is there before the first paint', async ({ noor, shared }) => {
  watch(noor)
  await noor.goto(`${shared.url}/account`)
  await noor.getByRole('button', { name: 'Dark', exact: true }).click()
  await noor.addInitScript(() => {
    new MutationObserver((_, observer) => {
      if (!document.body) return
      ;(window as unknown as { early: string }).early = document.documentElement.dataset['theme'] ?? 'none'
      observer.disconnect()
    }).observe(document, { childList: true, subtree: true })
  })
  await noor.reload()
  expect(await noor.evaluate(() => (window as unknown as { early: string }).early)).toBe('dark')
})
