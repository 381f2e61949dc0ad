// The menu of a conversation and of a message: by a long press, a right click and the context-menu key, on a phone, at
// 200 %, right-to-left and in the dark. A press that scrolls opens nothing.
import type { Browser, CDPSession, Locator, Page } from '@playwright/test'
import { expect, noSeriousFindings, open, row, signedIn, test, type Bridge } from './bridge'

const SHOTS = 'test-results/shots'

async function phone(browser: Browser, bridge: Bridge, more: object = {}): Promise<Page> {
  const context = await browser.newContext({
    viewport: { width: 360, height: 740 },
    hasTouch: true,
    isMobile: true,
    permissions: ['clipboard-read', 'clipboard-write'],
    ...more,
  })
  return signedIn(context, bridge, 0)
}

class Finger {
  private constructor(
    readonly cdp: CDPSession,
    private at: { x: number; y: number },
  ) {}
  static async on(thing: Locator): Promise<Finger> {
    await thing.scrollIntoViewIfNeeded()
    const box = await thing.boundingBox()
    if (!box) throw new Error('nothing to touch')
    const at = { x: box.x + Math.min(80, box.width / 2), y: box.y + Math.min(20, box.height / 2) }
    const finger = new Finger(await thing.page().context().newCDPSession(thing.page()), at)
    await finger.tell('touchStart', [at])
    return finger
  }
  async move(by: number): Promise<void> {
    for (let n = 1; n <= 6; n++) await this.tell('touchMove', [{ x: this.at.x, y: this.at.y + (by * n) / 6 }])
  }
  async lift(): Promise<void> {
    await this.tell('touchEnd', [])
    await this.cdp.detach()
  }
  private tell(type: 'touchStart' | 'touchMove' | 'touchEnd', touchPoints: { x: number; y: number }[]) {
    return this.cdp.send('Input.dispatchTouchEvent', { type, touchPoints })
  }
}

const menuOf = (page: Page) => page.locator('dialog.held')
const item = (page: Page, name: string | RegExp) => menuOf(page).getByRole('menuitem', { name })
const sideways = (page: Page) => page.evaluate(() => document.documentElement.scrollWidth > innerWidth)

async function toQueue(page: Page): Promise<void> {
  await page.getByRole('navigation', { name: 'Views' }).last().getByRole('link', { name: /Queue/ }).click()
}

test('a long press on a conversation opens its menu, a lifted finger keeps it, Back closes it alone', async ({
  browser,
  customer,
  shared,
}) => {
  const page = await phone(browser, shared)
  const mark = `Press me long ${Date.now()}`
  await customer.write(mark)
  await toQueue(page)
  await expect(row(page, mark)).toBeVisible()
  const address = page.url()

  let finger = await Finger.on(row(page, mark))
  await expect(menuOf(page)).toBeVisible()
  await finger.lift()
  await expect(item(page, 'Open')).toBeVisible()
  await expect(page).toHaveURL(address)
  expect(await sideways(page)).toBe(false)
  await noSeriousFindings(page)
  for (const box of await menuOf(page).getByRole('menuitem').all())
    expect((await box.boundingBox())?.height ?? 0).toBeGreaterThanOrEqual(40)
  await page.screenshot({ path: `${SHOTS}/phone-menu.png` })
  await page.goBack()
  await expect(menuOf(page)).toHaveCount(0)
  await expect(page).toHaveURL(address)
  await expect(row(page, mark)).toBeVisible()

  // Assign without leaving the list.
  finger = await Finger.on(row(page, mark))
  await expect(menuOf(page)).toBeVisible()
  await finger.lift()
  await item(page, 'Assign …').tap()
  await item(page, 'Take it').tap()
  await expect(menuOf(page)).toHaveCount(0)
  await expect(page.getByRole('status').getByText('It’s yours.')).toBeVisible()
  await expect(row(page, mark)).toHaveCount(0)

  // An owed one is set aside with a reason, from the list too.
  await page.getByRole('navigation', { name: 'Views' }).last().getByRole('link', { name: /Yours/ }).click()
  finger = await Finger.on(row(page, mark))
  await expect(item(page, /^Close/)).toHaveAttribute('aria-disabled', 'true')
  await finger.lift()
  await item(page, 'No answer needed …').tap()
  await expect(page.getByRole('dialog', { name: 'Why is no answer needed?' })).toBeVisible()
  await page.getByRole('button', { name: 'No answer needed' }).tap()
  await expect(row(page, mark)).toHaveCount(0)
  await page.context().close()
})

test('a press that scrolls opens nothing, and a short one opens the conversation', async ({
  browser,
  customer,
  shared,
}) => {
  const page = await phone(browser, shared)
  const mark = `Scroll me ${Date.now()}`
  await customer.write(mark)
  await toQueue(page)
  await expect(row(page, mark)).toBeVisible()
  const finger = await Finger.on(row(page, mark))
  await finger.move(-60)
  // Longer than a long press takes: nothing may come of it.
  await page.waitForTimeout(900)
  await expect(menuOf(page)).toHaveCount(0)
  await finger.lift()
  await expect(menuOf(page)).toHaveCount(0)
  await expect(page).toHaveURL(/\/unassigned$/)
  await row(page, mark).tap()
  await expect(page.getByRole('log').getByText(mark)).toBeVisible()
  await page.context().close()
})

test('a long press on a message copies it, lets a part be selected, and starts an answer', async ({
  browser,
  customer,
  shared,
}) => {
  const page = await phone(browser, shared, { colorScheme: 'dark', reducedMotion: 'reduce' })
  const mark = `Order 48213 please ${Date.now()}`
  await customer.write(mark)
  await toQueue(page)
  await row(page, mark).tap()
  const said = page.getByRole('log').getByText(mark)
  await expect(said).toBeVisible()
  const press = async () => {
    const finger = await Finger.on(said)
    await expect(menuOf(page)).toBeVisible()
    await finger.lift()
  }
  await press()
  const [red, green, blue] = await menuOf(page).evaluate((el) => {
    const canvas = document.createElement('canvas').getContext('2d')
    if (!canvas) throw new Error('no canvas')
    canvas.fillStyle = getComputedStyle(el).backgroundColor
    canvas.fillRect(0, 0, 1, 1)
    return [...canvas.getImageData(0, 0, 1, 1).data]
  })
  expect(Math.max(red ?? 255, green ?? 255, blue ?? 255)).toBeLessThan(80)
  expect(await menuOf(page).evaluate((el) => el.getAnimations().length)).toBe(0)
  await noSeriousFindings(page)
  await page.screenshot({ path: `${SHOTS}/phone-message-menu-dark.png` })
  await item(page, 'Copy text').tap()
  await expect(page.getByRole('status').getByText('Copied')).toBeVisible()
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(mark)

  await press()
  await item(page, 'Select text').tap()
  await expect.poll(() => page.evaluate(() => getSelection()?.toString())).toBe(mark)
  await page.evaluate(() => getSelection()?.removeAllRanges())

  await press()
  await item(page, 'Note').tap()
  await expect(page.getByRole('textbox', { name: 'Note, only your team sees this' })).toBeFocused()
  await page.context().close()
})

test('a right click and the context-menu key open it too; Esc closes it and focus goes back', async ({
  noor,
  customer,
}) => {
  await customer.write('Click me right')
  await open(noor, 'Click me right')
  await row(noor, 'Click me right').click({ button: 'right' })
  await expect(item(noor, 'Reply')).toBeVisible()
  await noor.keyboard.press('Escape')
  await expect(menuOf(noor)).toHaveCount(0)

  await row(noor, 'Click me right').focus()
  await noor.keyboard.press('ContextMenu')
  await expect(item(noor, 'Reply')).toBeFocused()
  await noor.keyboard.press('End')
  await expect(item(noor, /^Copy/)).toBeFocused()
  // Single keys are the menu's now: nothing is closed, nothing is assigned.
  await noor.keyboard.press('a')
  await expect(item(noor, 'Assign …')).toBeFocused()
  await noor.keyboard.press('Escape')
  await expect(menuOf(noor)).toHaveCount(0)
  await expect(row(noor, 'Click me right')).toBeFocused()

  await noor.getByRole('log').focus()
  await noor.keyboard.press('ContextMenu')
  await expect(item(noor, 'Copy text')).toBeFocused()
  await expect(noor.locator('[data-message]').last()).toHaveAttribute('data-held')
  await noor.keyboard.press('ArrowDown')
  await noor.keyboard.press('Enter')
  await expect(noor.getByRole('textbox', { name: 'Message' })).toBeFocused()
})

test('the menu stays on the screen at 200 % and right-to-left', async ({ noor, customer, shared }) => {
  const mark = `عند الحافة ${Date.now()}`
  await customer.write(mark)
  await noor.goto(`${shared.url}/account`)
  await noor.getByRole('button', { name: 'العربية' }).click()
  for (const size of [
    { width: 1440, height: 900 },
    { width: 720, height: 450 },
    { width: 360, height: 740 },
  ]) {
    await noor.setViewportSize(size)
    await noor.goto(`${shared.url}/inbox/unassigned`)
    await row(noor, mark).click({ button: 'right' })
    await expect
      .poll(async () => {
        const box = await menuOf(noor).boundingBox()
        return box && box.x >= 0 && box.y >= 0 && box.x + box.width <= size.width && box.y + box.height <= size.height
      })
      .toBe(true)
    expect(await sideways(noor)).toBe(false)
    await noor.screenshot({ path: `${SHOTS}/menu-rtl-${size.width}.png` })
    await noor.keyboard.press('Escape')
    await expect(menuOf(noor)).toHaveCount(0)
  }
})
