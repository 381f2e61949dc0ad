// What makes it quick: neighbours are there before they are wanted, nothing is asked twice, a long list stays small,
// and a late answer changes nothing that is newer. Counted in requests and rows; no stopwatch.
import { Counter } from './counter'
import { Customer, expect, open, row, signedIn, test } from './bridge'
import { list, summary } from './feign'

const idOf = async (page: Parameters<typeof row>[0], text: string) =>
  (await row(page, text).getAttribute('data-conversation')) ?? ''

test('a neighbour was fetched ahead: going there shows it before the next frame and asks nothing first', async ({
  noor,
  customer,
  shared,
}) => {
  const [here, next] = [`Here ${Date.now()}`, `Next ${Date.now()}`]
  await customer.write(here)
  await new Customer(shared, `${customer.number}1`).write(next)
  const ahead = noor.waitForResponse(
    async (r) => r.ok() && /\/conversations\/[^/?]+$/.test(r.url()) && (await r.text()).includes(next),
  )
  await open(noor, here)
  await ahead
  const id = await idOf(noor, next)
  const asked: string[] = []
  await noor.route('**/api/v1/**', (route) => {
    asked.push(route.request().url())
    // Whatever is asked now is never answered: what shows comes from the cache.
  })
  const shown = await noor.evaluate(async (wanted) => {
    document.querySelector<HTMLElement>(`.row[data-conversation="${wanted}"]`)?.click()
    await new Promise(requestAnimationFrame)
    return document.querySelector('#thread .log')?.textContent ?? ''
  }, id)
  expect(shown).toContain(next)
  expect(asked.filter((url) => url.includes(id) || url.includes('/timeline'))).toEqual([])
  await noor.unrouteAll({ behavior: 'ignoreErrors' })
})

test('an answer that comes late never takes the place of what was opened since', async ({ noor, customer, shared }) => {
  const [slow, quick] = [`Slow ${Date.now()}`, `Quick ${Date.now()}`]
  await customer.write(slow)
  await new Customer(shared, `${customer.number}1`).write(quick)
  await noor
    .getByRole('link', { name: /Team queue/ })
    .first()
    .click()
  await expect(row(noor, quick)).toBeVisible()
  const id = await idOf(noor, slow)
  let release = () => undefined as void
  const held = new Promise<void>((done) => (release = done))
  await noor.route(`**/api/v1/conversations/${id}`, async (route) => {
    const response = await route.fetch()
    await held
    await route.fulfill({ response })
  })
  await row(noor, slow).click()
  await row(noor, quick).click()
  await expect(noor.getByRole('log').getByText(quick)).toBeVisible()
  const late = noor.waitForResponse((r) => r.url().endsWith(id))
  release()
  await late
  await expect(noor.getByRole('log').getByText(quick)).toBeVisible()
  await expect(noor.getByRole('log').getByText(slow)).toHaveCount(0)
  await expect(noor).toHaveURL(new RegExp(await idOf(noor, quick)))
})

test('each opening costs three requests at most; an idle minute costs none, and two tabs share one stream', async ({
  browser,
  customer,
  shared,
}) => {
  const counter = await Counter.before(shared.url)
  const context = await browser.newContext()
  await context.clock.install()
  try {
    const texts = [1, 2, 3].map((n) => `Count ${n} ${Date.now()}`)
    for (const [n, text] of texts.entries()) await new Customer(shared, `${customer.number}${n}`).write(text)
    const page = await signedIn(context, { ...shared, url: counter.url }, 0)
    await page
      .getByRole('link', { name: /Team queue/ })
      .first()
      .click()
    await expect(row(page, texts[2] ?? '')).toBeVisible()
    await quiet(counter)
    for (const text of texts) {
      counter.anew()
      await row(page, text).click()
      await expect(page.getByRole('log').getByText(text)).toBeVisible()
      await expect(row(page, text).getByText('Unread')).toHaveCount(0)
      await quiet(counter)
      // Beside what it loads: one word to colleagues that somebody is here, and one on leaving what was open before.
      const [own, beats] = parted(counter.asked)
      expect(own.length, own.join('\n')).toBeLessThanOrEqual(3)
      expect(beats.length, beats.join('\n')).toBeLessThanOrEqual(2)
    }
    const second = await context.newPage()
    await second.goto(`${counter.url}/inbox/unassigned`)
    await expect(row(second, texts[0] ?? '')).toBeVisible()
    await quiet(counter)
    expect(counter.streams).toBe(1)
    counter.anew()
    await page.clock.runFor(60_000)
    await second.clock.runFor(60_000)
    await quiet(counter)
    // Nothing but the word to colleagues, at most one in ten seconds, for the one conversation that is open.
    const [own, beats] = parted(counter.asked)
    expect(own).toEqual([])
    // Both pages have one clock, which ran for two minutes.
    expect(beats.length).toBeLessThanOrEqual(13)
    expect(new Set(beats).size).toBeLessThanOrEqual(1)
    expect(counter.streams).toBe(1)
    // And the one stream still tells.
    await customer.write(`After the minute ${texts[0]}`)
    await expect(row(page, 'After the minute')).toBeVisible()
  } finally {
    await context.close()
    await counter.stop()
  }
})

/** What a page asks, and what it tells colleagues of who is where. */
function parted(asked: string[]): [string[], string[]] {
  const isBeat = (what: string) => what.endsWith('/presence')
  return [asked.filter((what) => !isBeat(what)), asked.filter(isBeat)]
}

/** Until nothing was asked for two seconds. */
async function quiet(counter: Counter): Promise<void> {
  let [seen, since] = [-1, Date.now()]
  await expect
    .poll(() => {
      if (counter.asked.length !== seen) [seen, since] = [counter.asked.length, Date.now()]
      return Date.now() - since
    })
    .toBeGreaterThan(2_000)
}

test('ten thousand conversations keep fewer than 200 rows, the place, and the keys', async ({ noor, shared }) => {
  test.slow()
  const many = Array.from({ length: 10_000 }, (_, n) =>
    summary({
      id: `cv_${n}`,
      contact: { id: `ct_${n}`, name: `Customer ${n}`, address: '+4915550001' },
      snippet: `Question ${n}`,
      waiting_since: n < 6_000 ? Date.now() - 60_000 : null,
      queue_at: n,
    }),
  )
  await list(noor, many)
  await noor.goto(`${shared.url}/inbox/all`)
  await expect(row(noor, 'Question 0').first()).toBeVisible()
  const rows = () => noor.locator('.list-body .row').count()
  const body = noor.locator('.list-body')
  const toEnd = () => body.evaluate((el) => (el.scrollTop = el.scrollHeight))
  for (let n = 1; n <= 10; n++) {
    await toEnd()
    await expect(noor.locator('.list-end')).toHaveText(
      new RegExp(`^${n === 10 ? '10,000' : `(${n}|${n + 1}|10),000`}$`),
    )
    expect(await rows()).toBeLessThan(200)
  }
  await toEnd()
  await expect(row(noor, 'Question 9999')).toBeVisible()
  expect(await rows()).toBeLessThan(200)
  await expect(row(noor, 'Question 9999').locator('xpath=..')).toHaveAttribute('aria-posinset', '4000')

  // In the middle: open, back, and everything stands where it stood.
  await body.evaluate((el) => (el.scrollTop = el.scrollHeight / 2))
  const middle = noor.locator('.row').nth(60)
  await expect(middle).toBeAttached()
  await middle.scrollIntoViewIfNeeded()
  await middle.focus()
  const [name, top] = [await middle.locator('.row-name').textContent(), await body.evaluate((el) => el.scrollTop)]
  await noor.keyboard.press('Enter')
  await expect(noor).toHaveURL(/\/inbox\/all\/cv_\d+$/)
  await noor.keyboard.press('Escape')
  await expect(noor.locator('.row:focus .row-name')).toHaveText(name ?? '')
  expect(Math.abs((await body.evaluate((el) => el.scrollTop)) - top)).toBeLessThanOrEqual(2)

  // The row of the cursor has left the page; J goes on from it all the same.
  await body.evaluate((el) => (el.scrollTop = 0))
  await expect(row(noor, 'Question 1').first()).toBeVisible()
  await noor.keyboard.press('j')
  const number = Number((name ?? '').split(' ')[1]) + 1
  await expect(noor.locator('.row:focus .row-name')).toHaveText(`Customer ${number}`)
  await expect(noor.locator('.row:focus')).toBeInViewport()

  // A reload finds the place again.
  const place = await body.evaluate((el) => el.scrollTop)
  await expect.poll(() => noor.evaluate(() => sessionStorage.getItem('rapport.place.all'))).toContain(`${place}`)
  await noor.reload()
  await expect(row(noor, `Question ${number}`).first()).toBeInViewport()
  expect(await rows()).toBeLessThan(200)
})
