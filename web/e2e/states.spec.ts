// Loading, nothing, not allowed, broken: nothing jumps, each says what to do next, and a text in the composer outlives it.
import type { Page } from '@playwright/test'
import { expect, noSeriousFindings, open, row, test } from './bridge'
import { counts, list, twist } from './feign'

const SHOTS = 'test-results/shots'

/** Adds up how much the page has shifted by itself since it began. */
async function watchShifts(page: Page): Promise<() => Promise<number>> {
  await page.addInitScript(() => {
    const at = window as unknown as { shifted: number }
    at.shifted = 0
    new PerformanceObserver((seen) => {
      for (const entry of seen.getEntries() as (PerformanceEntry & { value: number; hadRecentInput: boolean })[])
        if (!entry.hadRecentInput) at.shifted += entry.value
    }).observe({ type: 'layout-shift', buffered: true })
  })
  return () => page.evaluate(() => (window as unknown as { shifted: number }).shifted)
}

for (const [name, size] of [
  ['a desktop', { width: 1440, height: 900 }],
  ['a phone', { width: 390, height: 844 }],
] as const) {
  test(`on ${name} loading a list and a conversation shifts nothing, however slow the line`, async ({
    noor,
    customer,
    shared,
  }) => {
    const mark = `Hold still ${Date.now()}`
    await customer.write(mark)
    await noor.setViewportSize(size)
    const shifted = await watchShifts(noor)
    await noor.context().route('**/api/v1/**', async (route) => {
      if (route.request().method() === 'GET') await new Promise((next) => setTimeout(next, 600))
      await route.fallback()
    })
    await noor.goto(`${shared.url}/inbox/unassigned`)
    await expect(noor.locator('.list-body [aria-busy]')).toBeVisible()
    await expect(row(noor, mark)).toBeVisible()
    await row(noor, mark).scrollIntoViewIfNeeded()
    // By script, so that the shift is not excused as the answer to a click.
    await row(noor, mark).evaluate((el) => (el as HTMLElement).click())
    await expect(noor.locator('#thread [aria-busy]')).toBeVisible()
    await expect(noor.getByRole('log').getByText(mark)).toBeVisible()
    await expect(noor.getByRole('textbox', { name: 'Message' })).toBeVisible()
    expect(await shifted()).toBeLessThan(0.02)
    // That it would have been seen: everything is pushed down once.
    await noor.locator('.app').evaluate((el) => el.style.setProperty('margin-block-start', '6rem'))
    await expect.poll(shifted).toBeGreaterThan(0.02)
  })
}

test('what loads quickly shows no skeleton, what takes longer does', async ({ noor, customer, shared }) => {
  await customer.write('Quick as a fox')
  await noor.addInitScript(() => {
    const at = window as unknown as { bones: number }
    at.bones = 0
    new MutationObserver(() => {
      if (document.querySelector('.bone')) at.bones++
    }).observe(document, { childList: true, subtree: true })
  })
  const bones = () => noor.evaluate(() => (window as unknown as { bones: number }).bones)
  const body = { items: [], next: null, counts }
  await noor.route(/\/api\/v1\/conversations\?/, (route) => route.fulfill({ json: body }))
  // The page's clock stands still: however slow this machine is, no time passes before the answer.
  await noor.clock.install()
  await noor.clock.pauseAt(Date.now() + 60_000)
  await noor.goto(`${shared.url}/inbox/mine`)
  await expect(noor.getByText('Everyone has an answer')).toBeVisible()
  expect(await bones()).toBe(0)

  let release = () => undefined as void
  const held = new Promise<void>((done) => (release = done))
  await noor.unroute(/\/api\/v1\/conversations\?/)
  await noor.route(/\/api\/v1\/conversations\?/, async (route) => {
    await held
    await route.fulfill({ json: body })
  })
  await noor.getByRole('link', { name: 'Closed' }).first().click()
  await noor.clock.runFor(140)
  await expect(noor.locator('.bone')).toHaveCount(0)
  await noor.clock.runFor(20)
  await expect(noor.locator('.bone').first()).toBeVisible()
  release()
  await expect(noor.locator('.bone')).toHaveCount(0)
})

test('each kind of nothing says which, and has one way on', async ({ noor, jonas, shared }) => {
  await list(noor, [])
  const empty = (page: Page, part: string) => page.locator(`${part} .empty`)
  const titles = new Set<string>()
  const look = async (page: Page, part: string, title: string, act: string) => {
    await expect(empty(page, part).getByText(title, { exact: true })).toBeVisible()
    await expect(empty(page, part).getByRole('button')).toHaveCount(1)
    await expect(empty(page, part).getByRole('button', { name: act })).toBeVisible()
    await noSeriousFindings(page)
    titles.add(title)
  }
  await noor.goto(`${shared.url}/inbox/mine`)
  await look(noor, '.list', 'Everyone has an answer', 'Look at the team queue')
  await look(noor, '.thread', 'No conversation open', 'See the shortcuts')
  await noor.screenshot({ path: `${SHOTS}/empty-mine.png` })
  await noor.goto(`${shared.url}/inbox/unassigned`)
  await look(noor, '.list', 'The queue is empty', 'Back to your customers')
  await noor.goto(`${shared.url}/inbox/all`)
  await look(noor, '.list', 'No open conversation', 'See how the inboxes are')
  await noor.goto(`${shared.url}/inbox/closed`)
  await look(noor, '.list', 'Nothing closed yet', 'Back to your customers')
  await noor.goto(`${shared.url}/inbox/automatic`)
  await look(noor, '.list', 'Nothing automatic', 'Back to your customers')
  await noor.goto(`${shared.url}/inbox/mine/cv_01a0b0c0-0000-7000-8000-000000000000`)
  await look(noor, '.thread', 'Not yours to see, or gone', 'Back to the list')
  await noor.screenshot({ path: `${SHOTS}/empty-missing.png` })
  const nowhere = await noor.goto(`${shared.url}/nowhere/at/all`)
  expect(nowhere?.status()).toBe(404)
  await look(noor, '.page', 'There is nothing at this address', 'Go to your inbox')
  await jonas.goto(`${shared.url}/associates`)
  await look(jonas, '.page', 'Only administrators see this', 'Go to your inbox')

  await noor.goto(`${shared.url}/inbox/mine`)
  // Only once the page has asked who is there: one that starts without a line says something else.
  await look(noor, '.list', 'Everyone has an answer', 'Look at the team queue')
  await noor.context().setOffline(true)
  await look(noor, '.list', 'You’re offline', 'Try now')
  await noor.screenshot({ path: `${SHOTS}/empty-offline.png` })
  await noor.context().setOffline(false)
  await look(noor, '.list', 'Everyone has an answer', 'Look at the team queue')
  expect(titles.size).toBe(10)
})

test('a timeline that breaks leaves the text in the composer, and loading again mends it', async ({
  noor,
  customer,
}) => {
  const mark = `Break me ${Date.now()}`
  await customer.write(mark)
  await open(noor, mark)
  const url = noor.url()
  const id = new URL(url).pathname.split('/').at(-1) ?? ''
  const saved = noor.waitForResponse((r) => r.url().endsWith('/draft') && r.request().method() === 'PUT')
  await noor.getByRole('textbox', { name: 'Message' }).fill('Do not lose me')
  await saved
  const path = `**/api/v1/conversations/${id}`
  await twist(noor, path, (body) => {
    for (const m of body.messages.items) (m as { attachments: unknown }).attachments = null
  })
  await noor.reload()
  await expect(noor.getByRole('alert').getByText('This part broke. Your text is safe below.')).toBeVisible()
  const field = noor.getByRole('textbox', { name: 'Message' })
  await expect(field).toHaveValue('Do not lose me')
  await field.press('End')
  await noor.keyboard.type(' at all')
  await expect(field).toHaveValue('Do not lose me at all')
  // It keeps the composer's place, too.
  const place = await field.boundingBox()
  expect(place?.y ?? 0).toBeGreaterThan(600)
  await noor.screenshot({ path: `${SHOTS}/broken.png` })
  await noor.unroute(path)
  await noor.getByRole('button', { name: 'Load again' }).click()
  await expect(noor.getByRole('log').getByText(mark)).toBeVisible()
  await expect(field).toHaveValue('Do not lose me at all')
})

test('a card that breaks takes nothing else along', async ({ noor, customer, shared }) => {
  const mark = `Break the card ${Date.now()}`
  await customer.write(mark)
  await twist(noor, /\/api\/v1\/conversations\/[^/?]+$/, (body) => {
    ;(body.contact as { created_at: unknown }).created_at = 'long ago'
  })
  await noor.goto(`${shared.url}/inbox/unassigned`)
  await row(noor, mark).click()
  await expect(noor.getByRole('log').getByText(mark)).toBeVisible()
  await noor.getByRole('textbox', { name: 'Message' }).fill('Still here')
  await expect(noor.getByRole('complementary').getByRole('alert')).toBeVisible()
  await expect(noor.getByRole('textbox', { name: 'Message' })).toHaveValue('Still here')
})
