// Letters as people read them: the head, quotes on demand, the page in a frame, pictures from elsewhere, a machine's row,
// headers and the original; in light and dark, on a desktop and on a phone.
import type { Page } from '@playwright/test'
import { expect, noSeriousFindings, row } from './bridge'
import { test, type Letterbox } from './letterbox'

const SHOTS = 'test-results/shots'
const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAoAAAAKCAIAAAACUFjqAAAAEklEQVR42mO4ViGHBzGMSmNDAGUwjjFQkJLyAAAAAElFTkSuQmCC'
const PAGE = `<div style="font-family:Georgia,serif">
  <table width="600" cellpadding="12" bgcolor="#eef3ee"><tr><td>
    <h2 style="color:#1f5c3a;margin:0">Your order 4711</h2>
    <p>Hello, the <b>lamp</b> came without its shade. Here it is: <img src="cid:lamp@x" width="24" height="24" alt="lamp"></p>
    <p><a href="https://shop.example/orders/4711?from=mail">See the order</a></p>
    <img src="https://pictures.example/banner.png" alt="Banner" width="300" height="60">
    <img src="https://pictures.example/pixel.gif" width="1" height="1" alt="">
  </td></tr></table>
  <blockquote>On Monday you wrote: we are happy to help.</blockquote></div>`

let serial = 0
/** Anna's letter, under an address of its own for each test. */
async function anna(box: Letterbox, change: object = {}): Promise<{ address: string; text: string }> {
  const address = `anna${++serial}@lamps.example`
  const text = `The lamp ${serial} came without its shade.\nSee https://shop.example/orders/4711?from=mail, please.`
  await box.post({
    from: { address, name: `Anna Lund ${serial}`, proven: true },
    thread: address,
    subject: `Order 4711, lamp ${serial}`,
    text,
    original: `${text}\n\nOn Monday you wrote:\n> We are happy to help.`,
    html: PAGE,
    recipients: [
      { role: 'to', address: 'support@birkholt.example', name: 'Birkholt' },
      { role: 'cc', address: 'brother@lamps.example', name: 'Her brother' },
    ],
    files: [{ name: 'lamp.png', content_type: 'image/png', content_id: 'lamp@x', base64: PNG }],
    raw: `From: ${address}\r\nSubject: Order 4711,\r\n lamp\r\nX-Test: yes\r\n\r\n${text}`,
    ...change,
  })
  return { address, text }
}

async function read(page: Page, text: string): Promise<void> {
  await page
    .getByRole('navigation', { name: 'Views' })
    .first()
    .getByRole('link', { name: /Team queue/ })
    .click()
  await row(page, text.split('\n')[0] ?? '').click()
  await expect(page.getByRole('log')).toBeVisible()
}
const frame = (page: Page) => page.frameLocator('iframe.letter-frame')

test('a letter shows who wrote to whom, its subject, and what was answered on demand', async ({ noor, box }) => {
  const { address, text } = await anna(box)
  await box.post({
    from: { address, proven: true },
    thread: address,
    subject: `Re: Order 4711, lamp ${serial}`,
    text: 'One more thing',
  })
  await read(noor, 'One more thing')
  const log = noor.getByRole('log')
  await expect(log.locator('.letter-subject')).toHaveCount(1)
  await expect(log.getByText('to support@birkholt.example, copy to brother@lamps.example')).toBeVisible()
  await log.getByRole('button', { name: /copy to/ }).click()
  await expect(log.getByText('Her brother')).toBeVisible()
  await expect(log.getByText('Unverified')).toHaveCount(0)
  const link = log.getByRole('link', { name: /orders\/4711/ })
  await expect(link).toHaveAttribute('rel', 'noopener noreferrer')
  await expect(log.getByText(/We are happy to help/)).toHaveCount(0)
  await log.getByRole('button', { name: 'Show quoted text' }).click()
  await expect(log.getByText(/We are happy to help/)).toBeVisible()
  await log.getByRole('button', { name: 'Hide quoted text' }).click()
  await expect(log.getByText(text.split('\n')[0] ?? '')).toBeVisible()
})

test('opening a letter and showing it as it was sent asks nobody else for anything', async ({ noor, box, shared }) => {
  const asked: string[] = []
  noor.on('request', (request) => asked.push(request.url()))
  const { text } = await anna(box)
  await read(noor, text)
  await noor.getByRole('button', { name: 'Show as it was sent' }).click()
  await expect(frame(noor).getByText('Your order 4711')).toBeVisible()
  // What came along is there; what is elsewhere is not, and is counted.
  await expect
    .poll(() =>
      frame(noor)
        .locator('img')
        .first()
        .evaluate((i: HTMLImageElement) => i.naturalWidth),
    )
    .toBe(10)
  await expect(noor.getByText('2 pictures from elsewhere are not loaded.')).toBeVisible()
  await expect(noor.locator('iframe.letter-frame:not(.loading)')).toBeVisible()
  const foreign = () => asked.filter((url) => !url.startsWith(shared.url) && !url.startsWith('data:'))
  expect(foreign()).toEqual([])
  // The frame is as high as what it shows.
  const fits = await noor.locator('iframe.letter-frame').evaluate((f: HTMLIFrameElement) => {
    const inner = f.contentDocument?.documentElement
    return (inner?.scrollHeight ?? 0) - f.clientHeight
  })
  expect(Math.abs(fits)).toBeLessThanOrEqual(2)
  // On demand they come, and through us.
  await noor.route('**/image?url=*', (route) =>
    route.fulfill({ contentType: 'image/png', body: Buffer.from(PNG, 'base64') }),
  )
  await noor.getByRole('button', { name: 'Load images' }).click()
  await expect(noor.getByText(/pictures from elsewhere/)).toHaveCount(0)
  await expect
    .poll(() =>
      frame(noor)
        .locator('img[alt=Banner]')
        .evaluate((i: HTMLImageElement) => i.naturalWidth),
    )
    .toBe(10)
  expect(foreign()).toEqual([])
})

test('images of a proven sender may always load, of one whom nobody vouched for never by themselves', async ({
  noor,
  box,
}) => {
  await noor.route('**/image?url=*', (route) =>
    route.fulfill({ contentType: 'image/png', body: Buffer.from(PNG, 'base64') }),
  )
  const { address, text } = await anna(box)
  await read(noor, text)
  await noor.getByRole('button', { name: 'Show as it was sent' }).click()
  await noor.getByRole('button', { name: 'Always for this sender' }).click()
  await expect(noor.getByText(/load by themselves/)).toBeVisible()
  await noor.reload()
  await noor.getByRole('button', { name: 'Show as it was sent' }).click()
  await expect(frame(noor).locator('img[alt=Banner]')).toHaveAttribute('src', /image\?url=/)
  const stranger = await anna(box, { from: { address, name: 'Anna Lund', proven: false }, thread: `${address}-false` })
  await read(noor, stranger.text)
  await expect(noor.getByRole('log').getByText('Unverified')).toBeVisible()
  await noor.getByRole('button', { name: 'Show as it was sent' }).click()
  await expect(noor.getByText(/pictures from elsewhere/)).toBeVisible()
  await expect(noor.getByRole('button', { name: 'Always for this sender' })).toHaveCount(0)
})

test('a link of a letter opens in a tab of its own that knows nothing of us', async ({ noor, box }) => {
  await noor.context().route('https://shop.example/**', (route) =>
    route.fulfill({
      contentType: 'text/html',
      body: '<p>The order</p><script>document.title = `${opener} ${document.referrer} ran`</script>',
    }),
  )
  const { text } = await anna(box)
  await read(noor, text)
  await noor.getByRole('button', { name: 'Show as it was sent' }).click()
  const here = noor.url()
  const opened = noor.context().waitForEvent('page')
  await frame(noor).getByRole('link', { name: 'See the order' }).click()
  const tab = await opened
  // It is as free as any other tab, and has no way back.
  await expect(tab).toHaveTitle('null  ran')
  expect(noor.url()).toBe(here)
})

test('headers and the original are at hand', async ({ noor, box }) => {
  const { address, text } = await anna(box)
  await read(noor, text)
  await noor.getByRole('button', { name: 'More about this letter' }).click()
  await noor.getByRole('menuitem', { name: 'Show headers' }).click()
  const dialog = noor.getByRole('dialog', { name: 'Headers' })
  await expect(dialog.getByText('Order 4711, lamp')).toBeVisible()
  await expect(dialog.getByText(address)).toBeVisible()
  await noSeriousFindings(noor)
  await noor.keyboard.press('Escape')
  await noor.getByRole('button', { name: 'More about this letter' }).click()
  const saved = noor.waitForEvent('download')
  await noor.getByRole('menuitem', { name: /Download original/ }).click()
  expect((await saved).suggestedFilename()).toMatch(/\.eml$/)
})

test('what a machine wrote is one quiet row', async ({ noor, box }) => {
  const { address, text } = await anna(box)
  await box.post({
    from: { address, proven: true },
    thread: address,
    subject: 'Automatic reply',
    text: 'I am away until Monday.',
    marks: ['out_of_office'],
    automatic: true,
  })
  await read(noor, text)
  const log = noor.getByRole('log')
  await expect(log.getByText('I am away until Monday.')).toHaveCount(0)
  await log.getByRole('button', { name: /Out of office.*Automatic reply/ }).click()
  await expect(log.getByText('I am away until Monday.')).toBeVisible()
  await noSeriousFindings(noor)
})

test('a letter that is too much is told so and stands there as text', async ({ noor, box }) => {
  const { text } = await anna(box, { html: `<p>x</p>${'<br>'.repeat(60_000)}` })
  await read(noor, text)
  await noor.getByRole('button', { name: 'Show as it was sent' }).click()
  await expect(noor.getByText(/too large to be shown/)).toBeVisible()
  await expect(frame(noor).getByText('We are happy to help')).toBeVisible()
})

for (const scheme of ['light', 'dark'] as const)
  for (const [place, width, height] of [
    ['desktop', 1440, 900],
    ['phone', 360, 740],
  ] as const)
    test(`it looks right in ${scheme} on a ${place}`, async ({ noor, box }) => {
      await noor.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' })
      const { address } = await anna(box, {
        marks: ['address_in_name', 'suspected'],
        evidence: 'The name holds the address boss@bank.example, the letter came from another.',
      })
      await box.post({
        from: { address, proven: true },
        thread: address,
        subject: 'Automatic reply: Order 4711',
        text: 'Away until Monday',
        marks: ['out_of_office'],
        automatic: true,
      })
      await box.post({
        from: { address, name: 'Anna', proven: true },
        thread: address,
        subject: 'And the cable?',
        text: `The cable of lamp ${serial} is short, too.`,
        files: [
          {
            name: 'a very long name of a file that somebody measured with a cable.pdf',
            content_type: 'application/pdf',
            base64: PNG,
          },
        ],
      })
      await read(noor, `The cable of lamp ${serial}`)
      await noor.setViewportSize({ width, height })
      const log = noor.getByRole('log')
      await log.getByRole('button', { name: 'Why?' }).click()
      await log.evaluate((element) => element.scrollTo(0, 0))
      expect(await log.evaluate((element) => element.scrollWidth - element.clientWidth)).toBeLessThanOrEqual(0)
      await noor.screenshot({ path: `${SHOTS}/letter-${place}-${scheme}.png` })
      await noSeriousFindings(noor)
      await noor.getByRole('button', { name: 'Show as it was sent' }).click()
      await expect(frame(noor).getByText('Your order 4711')).toBeVisible()
      await log.evaluate((element) => element.scrollTo(0, 120))
      await noor.screenshot({ path: `${SHOTS}/letter-page-${place}-${scheme}.png` })
      await noSeriousFindings(noor)
      expect(await noor.evaluate(() => document.documentElement.scrollWidth > innerWidth)).toBe(false)
    })

test('it reads from right to left', async ({ noor, box }) => {
  const { text } = await anna(box, { marks: ['confusable'], evidence: 'Two scripts.' })
  await read(noor, text)
  const chosen = noor.url()
  await noor.evaluate(() => localStorage.setItem('rapport.prefs', JSON.stringify({ language: 'ar' })))
  await noor.goto(chosen)
  await expect(noor.getByRole('log').getByText('يشبه عنوانًا آخر')).toBeVisible()
  await noor.screenshot({ path: `${SHOTS}/letter-rtl.png` })
})
