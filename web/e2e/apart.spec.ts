// What stands apart from the queue, and deciding about many at once: by keyboard, by pointer and by finger, with one
// Undo; in light and dark, on a desk and on a phone, right-to-left.
import type { Locator, Page } from '@playwright/test'
import { Customer, expect, noSeriousFindings, row, signedIn, test, type Bridge } from './bridge'

const SHOTS = 'test-results/shots'
const views = (page: Page) => page.getByRole('navigation', { name: 'Views' })
const view = (page: Page, name: RegExp) => views(page).first().getByRole('link', { name })
const bar = (page: Page) => page.getByRole('toolbar', { name: 'The chosen conversations' })
const box = (page: Page, text: string) =>
  page.locator('li', { has: row(page, text) }).getByRole('checkbox', { includeHidden: true })
const sideways = (page: Page) => page.evaluate(() => document.documentElement.scrollWidth > innerWidth)
const said = (page: Page, text: string | RegExp) => page.locator('.toasts').getByRole('status').getByText(text).first()

/** Several customers, each with a text of their own. */
async function write(bridge: Bridge, customer: Customer, texts: string[]): Promise<void> {
  for (const [at, text] of texts.entries())
    await new Customer(bridge, `${customer.number.slice(0, -1)}${at}`).write(text)
}

async function down(page: Page, to: Locator): Promise<void> {
  for (let i = 0; i < 80; i++) {
    await page.keyboard.press('j')
    if (await to.evaluate((el) => el === document.activeElement)) return
  }
  throw new Error('the row is not to be reached')
}

test('several are chosen by keys, suspected, released and waived, and each act is taken back as one', async ({
  noor,
  customer,
  shared,
}) => {
  const now = Date.now()
  const [first, second] = [`Cheap pills ${now}`, `Crypto now ${now}`]
  await write(shared, customer, [first, second])
  await noor.goto(`${shared.url}/inbox/unassigned`)
  await expect(row(noor, second)).toBeVisible()

  await down(noor, row(noor, first))
  await noor.keyboard.press('x')
  await expect(bar(noor).getByText('1 chosen')).toBeVisible()
  await noor.keyboard.press('Escape')
  await expect(bar(noor)).toHaveCount(0)
  await noor.keyboard.press('x')
  await noor.keyboard.press('j')
  await noor.keyboard.press('Shift+X')
  await expect(bar(noor).getByText('2 chosen')).toBeVisible()
  await noSeriousFindings(noor)
  await noor.screenshot({ path: `${SHOTS}/bulk-light.png` })
  await bar(noor).getByRole('button', { name: 'Mark as suspected' }).press('Enter')
  await expect(row(noor, first)).toHaveCount(0)
  await expect(row(noor, second)).toHaveCount(0)
  await expect(said(noor, '2 stand in Suspected now.')).toBeVisible()

  // The view has an address, a count, and no alarm.
  await view(noor, /Suspected/).click()
  await expect(noor).toHaveURL(/\/inbox\/suspected$/)
  await expect(view(noor, /Suspected/).locator('.count.apart')).toHaveText('2')
  await expect(row(noor, first)).toBeVisible()
  await row(noor, first).click()
  await expect(noor.getByText('Taken for spam.')).toBeVisible()
  await expect(noor.getByText(/has waited/)).toBeVisible()
  await noor.screenshot({ path: `${SHOTS}/suspected-light.png` })
  await noor.emulateMedia({ colorScheme: 'dark' })
  await box(noor, first).check({ force: true })
  await bar(noor).getByRole('button', { name: 'Choose all 2 shown' }).click()
  await noSeriousFindings(noor)
  await noor.screenshot({ path: `${SHOTS}/suspected-dark.png` })

  await bar(noor).getByRole('button', { name: 'Not suspected' }).click()
  await expect(noor.getByRole('heading', { name: 'Nothing suspected' })).toBeVisible()
  await noor.screenshot({ path: `${SHOTS}/suspected-empty-dark.png` })
  await noor.locator('.toasts').getByRole('button', { name: /^Undo/ }).last().click()
  await expect(said(noor, '2 taken back.')).toBeVisible()
  await expect(row(noor, second)).toBeVisible()

  // Spam, with the reason from the menu; Z takes it back, with the wait as it was.
  await box(noor, first).click({ force: true })
  await box(noor, second).click({ force: true, modifiers: ['Shift'] })
  await bar(noor).getByRole('button', { name: 'No answer needed …' }).click()
  await noor.getByRole('menuitem', { name: 'Spam' }).click()
  await expect(said(noor, '2 need no answer.')).toBeVisible()
  await expect(noor.getByRole('heading', { name: 'Nothing suspected' })).toBeVisible()
  await noor.locator('#list').focus()
  await noor.keyboard.press('z')
  await expect(row(noor, first)).toBeVisible()
  await expect(row(noor, first).locator('.row-when')).toHaveText(/waiting|late/)

  // An answer says that it was none.
  await row(noor, second).click()
  await noor.getByRole('button', { name: 'Not suspected' }).click()
  await view(noor, /Team queue/).click()
  await expect(row(noor, second)).toBeVisible()
})

test('what a machine wrote is set aside together, and one of it needs an answer', async ({
  noor,
  customer,
  shared,
}) => {
  await write(shared, customer, ['STOP', 'STOP', 'STOP'])
  await view(noor, /Automatic/).click()
  await expect(noor).toHaveURL(/\/inbox\/automatic$/)
  const rows = noor.locator('.row')
  await expect.poll(() => rows.count()).toBeGreaterThanOrEqual(3)
  const count = await rows.count()
  const [one] = await rows.evaluateAll((list) => list.map((el) => el.getAttribute('data-conversation') ?? ''))
  await rows.first().focus()
  await noor.keyboard.press('x')
  await bar(noor)
    .getByRole('button', { name: `Choose all ${count} shown` })
    .click()
  await noSeriousFindings(noor)
  await noor.screenshot({ path: `${SHOTS}/automatic-light.png` })
  await bar(noor).getByRole('button', { name: 'Set aside' }).click()
  await expect(noor.getByRole('heading', { name: 'Nothing automatic' })).toBeVisible()
  await noor.locator('.toasts').getByRole('button', { name: /^Undo/ }).last().click()
  await expect.poll(() => rows.count()).toBe(count)

  await noor.locator(`.row[data-conversation="${one}"]`).click()
  await noor.getByRole('main').getByRole('button', { name: 'It needs an answer' }).click()
  await expect(noor.getByText(/has waited/)).toBeVisible()
  await expect.poll(() => rows.count()).toBe(count - 1)
  await noor.goto(`${shared.url}/inbox/unassigned/${one}`)
  await expect(noor.locator(`.row[data-conversation="${one}"]`)).toBeVisible()
  await expect(noor.getByRole('log').getByText('this needs an answer')).toBeVisible()
})

for (const [language, scheme] of [
  ['en', 'light'],
  ['ar', 'dark'],
] as const)
  test(`at 360 px fingers choose, and the bar stands below (${language}, ${scheme})`, async ({
    browser,
    customer,
    shared,
  }) => {
    const context = await browser.newContext({
      viewport: { width: 360, height: 740 },
      hasTouch: true,
      isMobile: true,
      colorScheme: scheme,
    })
    const page = await signedIn(context, shared, 0)
    const now = Date.now()
    const texts = [`First ${now}`, `Second ${now}`, `Third ${now}`]
    await write(shared, customer, texts)
    const [first = '', second = ''] = texts
    if (language === 'ar') {
      await page.goto(`${shared.url}/account`)
      await page.getByRole('button', { name: 'العربية' }).click()
    }
    await page.goto(`${shared.url}/inbox/unassigned`)
    await expect(row(page, second)).toBeVisible()
    await row(page, first).focus()
    await page.keyboard.press('x')
    await row(page, second).tap()
    await expect(page).toHaveURL(/\/unassigned$/)
    const bulk = page.locator('.bulk')
    await expect(bulk.getByRole('status')).toContainText(language === 'en' ? '2 chosen' : 'محادثتان')
    const place = await bulk.boundingBox()
    expect((place?.y ?? 0) + (place?.height ?? 0)).toBeLessThanOrEqual(740)
    expect(place?.y ?? 0).toBeGreaterThan(500)
    expect(await sideways(page)).toBe(false)
    for (const button of await bulk.getByRole('button').all())
      expect((await button.boundingBox())?.height ?? 0).toBeGreaterThanOrEqual(24)
    await noSeriousFindings(page)
    await page.screenshot({ path: `${SHOTS}/phone-bulk-${scheme}.png` })
    await bulk.getByRole('button').last().tap()
    await expect(row(page, first)).toHaveCount(0)
    await page.screenshot({ path: `${SHOTS}/phone-bulk-done-${scheme}.png` })
    await page.goto(`${shared.url}/account`)
    await page.locator('.subnav a[href$="/suspected"]').tap()
    await expect(page).toHaveURL(/\/suspected$/)
    await expect(row(page, first)).toBeVisible()
    expect(await sideways(page)).toBe(false)
    await page.screenshot({ path: `${SHOTS}/phone-suspected-${scheme}.png` })
    await row(page, first).tap()
    await expect(page.locator('.banner.apart')).toBeVisible()
    expect(await sideways(page)).toBe(false)
    await page.screenshot({ path: `${SHOTS}/phone-suspected-open-${scheme}.png` })
    await page.goBack()
    // Back to where they were, for whoever comes next.
    await row(page, first).focus()
    await page.keyboard.press('x')
    await row(page, second).tap()
    await bulk.locator('.bulk-acts').getByRole('button').first().tap()
    await expect(row(page, first)).toHaveCount(0)
    await context.close()
  })
