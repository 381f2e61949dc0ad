// Single behaviours that an associate counts on, each by itself: the next one opens, the cursor comes back, a crash
// loses no text, another device knows what was read, one line over all channels, targets that a finger can hit.
import { Customer, expect, open, row, signedIn, test, watch } from './bridge'
import { counts, detail, message, one, summary } from './feign'

test('send and close opens the next conversation', async ({ noor, customer, shared }) => {
  const [first, second] = [`First of two ${Date.now()}`, `Second of two ${Date.now()}`]
  await customer.write(first)
  await new Customer(shared, `${customer.number}1`).write(second)
  await open(noor, first)
  await expect(row(noor, second)).toBeVisible()
  const field = noor.getByRole('textbox', { name: 'Message' })
  await field.fill('Done with this one')
  await field.press('Control+Shift+Enter')
  await expect(noor.getByRole('log').getByText(second)).toBeVisible()
  await expect.poll(() => customer.received(), { timeout: 30_000 }).toContain('Done with this one')
})

test('undo puts the cursor back where it was, in the middle of the text', async ({ noor, customer }) => {
  await customer.write('Where is my cursor?')
  await open(noor, 'Where is my cursor?')
  const field = noor.getByRole('textbox', { name: 'Message' })
  await field.fill('At nine tomorow.')
  await field.evaluate((el) => (el as HTMLTextAreaElement).setSelectionRange(12, 12))
  await field.press('Control+Enter')
  await noor.getByRole('status').getByRole('button', { name: /Undo/ }).click()
  await expect(field).toHaveValue('At nine tomorow.')
  await expect(field).toBeFocused()
  expect(await field.evaluate((el) => (el as HTMLTextAreaElement).selectionStart)).toBe(12)
})

test('a tab that dies before the draft was saved loses nothing, and each view shows it', async ({
  noor,
  customer,
  shared,
}) => {
  const mark = `Crash on me ${Date.now()}`
  await customer.write(mark)
  await open(noor, mark)
  // The bridge hears nothing of the draft: the tab is gone first.
  await noor.route('**/draft', (route) => route.abort())
  await noor.getByRole('textbox', { name: 'Message' }).fill('Typed just before')
  const url = noor.url()
  await noor.close({ runBeforeUnload: false })
  const again = await (await noor.context()).newPage()
  watch(again)
  await again.goto(url)
  await expect(again.getByRole('textbox', { name: 'Message' })).toHaveValue('Typed just before')
  for (const view of ['unassigned', 'all']) {
    await again.goto(`${shared.url}/inbox/${view}`)
    await expect(row(again, mark).getByText('Draft', { exact: true })).toBeVisible()
  }
})

test('what I read here is read on my other device', async ({ noor, customer, shared, browser }) => {
  const mark = `Read me here ${Date.now()}`
  await customer.write(mark)
  const context = await browser.newContext()
  const other = await signedIn(context, shared, 0)
  await other.goto(`${shared.url}/inbox/unassigned`)
  await expect(row(other, mark)).toHaveClass(/unread/)
  await open(noor, mark)
  await expect(row(other, mark)).not.toHaveClass(/unread/)
  await noor.getByRole('log').focus()
  await noor.keyboard.press('u')
  await expect(row(other, mark)).toHaveClass(/unread/)
  await context.close()
})

test('one line over all channels: days, moves, the assistant and who took over from it', async ({ noor, shared }) => {
  const day = 86_400_000
  const at = Date.now()
  const person = { kind: 'associate' as const, id: 'as_jonas', name: 'Jonas Weber' }
  const bot = { kind: 'bot' as const, id: null, name: 'Assistant' }
  await one(
    noor,
    detail(summary({ channel: 'email' }), [
      message({ position: 1, text: 'By SMS', at: at - day }),
      message({
        position: 2,
        kind: 'outbound',
        author: bot,
        text: 'A person will answer',
        delivery: 'sent',
        at: at - day,
      }),
      message({
        position: 3,
        kind: 'outbound',
        author: person,
        text: 'I am here',
        delivery: 'delivered',
        at: at - 5_000,
      }),
      message({ position: 4, channel: 'email', text: 'Now by e-mail', at: at - 1_000 }),
    ]),
  )
  await noor.goto(`${shared.url}/inbox/unassigned/cv_1`)
  const log = noor.getByRole('log')
  await expect(log.locator('.day')).toHaveCount(2)
  await expect(log.locator('.day').last()).toContainText('Today')
  await expect(log.getByText('Moved from SMS to E-mail')).toBeVisible()
  await expect(log.locator('.turn.in', { hasText: 'By SMS' }).locator('.ch')).toHaveText('SMS')
  await expect(log.locator('.turn.in', { hasText: 'Now by e-mail' }).locator('.ch')).toHaveText('E-mail')
  const automated = log.getByRole('article', { name: 'Automated message' })
  await expect(automated.getByText('Automated', { exact: true })).toBeVisible()
  await expect(automated.locator('.bubble')).toHaveCSS('border-top-style', 'dashed')
  await expect(log.getByText(/Jonas Weber took over from the assistant/)).toBeVisible()
})

test('a key can be given away, and works at once', async ({ noor, customer }) => {
  await customer.write('Remap me')
  await open(noor, 'Remap me')
  await noor.getByRole('log').focus()
  await noor.keyboard.press('?')
  const list = noor.getByRole('dialog', { name: 'Shortcuts' })
  await list.getByRole('button', { name: 'Change the keys' }).click()
  await list.getByRole('button', { name: 'Reply: R' }).click()
  await noor.keyboard.press('y')
  await expect(list.getByRole('button', { name: 'Reply: Y' })).toBeVisible()
  await noor.keyboard.press('Escape')
  await noor.getByRole('log').focus()
  await noor.keyboard.press('r')
  await expect(noor.getByRole('textbox', { name: 'Message' })).not.toBeFocused()
  await noor.keyboard.press('y')
  await expect(noor.getByRole('textbox', { name: 'Message' })).toBeFocused()
})

test('what is too long for the channel is said before sending, and is not sent', async ({ noor, customer }) => {
  await customer.write('How long can it be?')
  await open(noor, 'How long can it be?')
  const field = noor.getByRole('textbox', { name: 'Message' })
  // Each is two of the units in which an SMS is measured.
  await field.fill('🙂'.repeat(3_250))
  await expect(noor.getByText('100 too long')).toBeVisible()
  await expect(noor.getByRole('button', { name: /^Send/ }).first()).toHaveAttribute('aria-disabled', 'true')
  const posts: string[] = []
  noor.on('request', (r) => r.method() === 'POST' && posts.push(r.url()))
  await field.press('Control+Enter')
  await expect(field).toHaveValue('🙂'.repeat(3_250))
  expect(posts.filter((url) => url.endsWith('/replies'))).toEqual([])
})

test('on a phone every control of a conversation can be hit, and none moves away under the finger', async ({
  browser,
  customer,
  shared,
}) => {
  const context = await browser.newContext({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true })
  const page = await signedIn(context, shared, 0)
  const mark = `Hit me ${Date.now()}`
  await customer.write(mark)
  await page.getByRole('navigation', { name: 'Views' }).last().getByRole('link', { name: /Queue/ }).click()
  await row(page, mark).tap()
  await expect(page.getByRole('log').getByText(mark)).toBeVisible()
  await page.getByRole('textbox', { name: 'Message' }).fill('An answer 🙂')
  for (const control of await page.locator('#thread :is(button, a):visible').all()) {
    const box = await control.boundingBox()
    const name = (await control.getAttribute('aria-label')) ?? (await control.textContent())
    expect(box?.height ?? 0, name ?? '').toBeGreaterThanOrEqual(24)
    expect(box?.width ?? 0, name ?? '').toBeGreaterThanOrEqual(24)
  }
  const send = await page.getByRole('button', { name: /^Send/ }).boundingBox()
  expect((send?.x ?? 0) + (send?.width ?? 0)).toBeGreaterThan(300)
  // Writing ends with a tap on something above: the composer folds up, but not before the tap has arrived.
  await page.getByRole('textbox', { name: 'Message' }).fill('')
  await page.getByRole('button', { name: 'No answer needed' }).click()
  await expect(page.getByRole('dialog')).toBeVisible()
  await page.getByRole('button', { name: 'Cancel' }).tap()
  // Assigning is in the menu, as a sheet from the lower edge.
  await page.getByRole('button', { name: 'More', exact: true }).tap()
  await page.getByRole('menuitem', { name: 'Assign' }).tap()
  const sheet = page.getByRole('menu', { name: 'Assign to' })
  await expect
    .poll(async () => {
      const b = await sheet.boundingBox()
      return b && Math.round(b.y + b.height)
    })
    .toBe(844)
  await sheet.getByRole('menuitem', { name: 'Take it' }).tap()
  await expect(page.getByText('Your customer', { exact: true })).toBeVisible()
  await context.close()
})

test('what can’t be read yet is owed, read again, or set aside with a reason', async ({ noor, shared }) => {
  const items = [1, 2].map((n) => ({
    id: `pk_${n}`,
    inbox: 'shop-sms',
    reason: 'The field "From" is missing.',
    at: Date.now(),
    content_type: 'application/x-www-form-urlencoded',
    size: 120,
    text: `Body=Hello${n}&<script>alert(1)</script>`,
  }))
  await noor.route(/\/api\/v1\/conversations\?/, (route) =>
    route.fulfill({ json: { items: [], next: null, counts: { ...counts, parked: items.length } } }),
  )
  // The real stream would tell the real counts: here it says hello and no more.
  await noor.addInitScript(() => Reflect.deleteProperty(window, 'SharedWorker'))
  await noor.route('**/api/v1/events**', (route) =>
    route.fulfill({ contentType: 'text/event-stream', body: 'event: hello\ndata: {"seq":1}\n\n' }),
  )
  await noor.route('**/api/v1/parked', (route) => route.fulfill({ json: { items } }))
  let tries = 0
  await noor.route('**/api/v1/parked/pk_1/read', (route) =>
    tries++ === 0
      ? route.fulfill({
          status: 409,
          contentType: 'application/problem+json',
          json: { code: 'unreadable', detail: 'Still no sender.' },
        })
      : route.fulfill({ json: { conversation: summary() } }),
  )
  const reasons: unknown[] = []
  await noor.route('**/api/v1/parked/pk_2/set-aside', (route) => {
    reasons.push(route.request().postDataJSON())
    return route.fulfill({ status: 204 })
  })
  await noor.goto(`${shared.url}/inboxes`)
  const link = noor
    .getByRole('navigation', { name: 'Views' })
    .first()
    .getByRole('link', { name: /^Inboxes/ })
  await expect(link).toContainText('2 can’t be read yet')
  const part = noor.getByRole('region', { name: 'Can’t be read yet' })
  await expect(part.getByText('This message can’t be read yet.')).toHaveCount(2)
  await expect(part.getByText('Body=Hello1&<script>alert(1)</script>')).toBeVisible()
  await noor.screenshot({ path: 'test-results/shots/parked.png' })
  await part.getByRole('button', { name: 'Read again' }).first().click()
  await expect(noor.getByRole('alert').getByText('Still no sender.')).toBeVisible()
  await expect(part.getByText('Body=Hello1')).toBeVisible()
  await part.getByRole('button', { name: 'Read again' }).first().click()
  await expect(noor.getByRole('status').getByRole('button', { name: 'Open' })).toBeVisible()
  await expect(part.getByText('Body=Hello1')).toHaveCount(0)
  await part.getByRole('button', { name: 'Set aside …' }).click()
  await noor.getByLabel('The reason').fill('A test of the provider')
  await noor.getByRole('dialog').getByRole('button', { name: 'Set aside with a reason' }).click()
  await expect(part).toHaveCount(0)
  expect(reasons).toEqual([{ reason: 'A test of the provider' }])
})
