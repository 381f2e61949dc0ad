// The playground's mailbox: letters to and fro by mouse and keyboard, what goes wrong with them, how it looks.
import type { Page } from '@playwright/test'
import { expect, noSeriousFindings, open, row, test, watch, type Bridge } from './bridge'

const SHOTS = 'test-results/shots'

/** The playground beside the inbox, at one customer's mailbox. */
async function mailbox(beside: Page, shared: Bridge, customer: string) {
  const play = await beside.context().newPage()
  watch(play)
  await play.goto(`${shared.url}/playground`)
  await play.getByRole('button', { name: customer }).click()
  return { play, box: play.getByRole('region', { name: `${customer.split(' ')[0]}’s mailbox` }) }
}

async function answer(noor: Page, text: string): Promise<void> {
  const field = noor.getByRole('textbox', { name: 'Message' })
  await field.fill(text)
  await field.press('Control+Enter')
}

test('a letter is threaded, answered, read in the mailbox, and answered from there', async ({ noor, shared }) => {
  test.slow()
  const { play, box } = await mailbox(noor, shared, 'Ines Carvalho')
  const subject = `Größe of the tent ${Date.now()}`
  // By keyboard alone: the cursor stands where the next thing is typed.
  await box.getByRole('button', { name: 'Write' }).focus()
  await play.keyboard.press('Enter')
  await play.keyboard.type(subject)
  await play.keyboard.press('Tab')
  await play.keyboard.type('Does it sleep two?')
  await box.getByLabel('Add a file').setInputFiles({
    name: 'our dog.txt',
    mimeType: 'text/plain',
    buffer: Buffer.from('Woof'),
  })
  await expect(box.getByRole('button', { name: 'Remove our dog.txt' })).toBeVisible()
  await box.getByLabel('Text').press('Control+Enter')
  await expect(box.getByRole('heading', { name: subject })).toBeFocused()

  await open(noor, 'Does it sleep two?')
  await expect(noor.getByRole('log').getByText(subject)).toBeVisible()
  await expect(noor.getByRole('log').getByText('our dog.txt')).toBeVisible()
  await expect(noor.getByText('unverified', { exact: false })).toHaveCount(0)
  const letters = box.getByRole('article')
  await expect(letters.filter({ hasText: 'Automated' })).toHaveCount(1)

  await answer(noor, 'It does, and a dog.')
  const came = letters.filter({ hasText: 'It does, and a dog.' })
  await expect(came).toBeVisible({ timeout: 30_000 })
  await expect(came).toContainText('Birkholt Mail')
  await box.getByRole('button', { name: 'Reply' }).click()
  await expect(box.getByLabel('Subject')).toHaveValue(`Re: ${subject}`)
  await expect(box.getByLabel('Text')).toHaveValue(/\n\nOn .* wrote:\n> It does, and a dog\.$/)
  await play.keyboard.type('Then I take it.')
  await box.getByRole('button', { name: 'Send' }).click()
  const shown = noor.getByRole('log').getByText('Then I take it.')
  await expect(shown).toBeVisible()
  await expect(noor.getByRole('log').getByText('> It does, and a dog.')).toHaveCount(0)
  await expect(letters).toHaveCount(4)
  await expect(letters.last().locator('blockquote')).toHaveText('It does, and a dog.')

  await play.reload()
  await box.locator('.mail-row', { hasText: subject }).click()
  await expect(letters).toHaveCount(4)
  const [download] = await Promise.all([
    play.waitForEvent('download'),
    letters.first().getByRole('link', { name: 'our dog.txt' }).click(),
  ])
  expect(download.suggestedFilename()).toBe('our dog.txt')
})

test('who writes in a customer’s name lands under Suspected, and not in the mailbox', async ({ noor, shared }) => {
  const { box } = await mailbox(noor, shared, 'Salma Idrissi')
  await box.getByRole('button', { name: 'Write' }).click()
  await box.getByLabel('Subject').fill('My refund')
  await box.getByLabel('Text').fill('Please send it to another account.')
  await box.getByRole('checkbox', { name: /Somebody else writes this in Salma’s name/ }).check()
  await box.getByRole('button', { name: 'Send' }).click()
  await expect(box.getByRole('status')).toContainText('Sent in Salma’s name')
  await expect(box.locator('.mail-row')).toHaveCount(0)
  await noor
    .getByRole('navigation', { name: 'Views' })
    .first()
    .getByRole('link', { name: /Suspected/ })
    .click()
  await row(noor, 'Please send it to another account.').click()
  await expect(noor.getByRole('log').getByText('Please send it to another account.')).toBeVisible()
})

test('what goes wrong with mail is told, and nothing is lost', async ({ noor, shared }) => {
  test.slow()
  const { play, box } = await mailbox(noor, shared, 'Piotr Zawadzki')
  const server = play.getByRole('group', { name: 'Mail server' })
  const write = async (subject: string, text: string) => {
    await box.getByRole('button', { name: 'Write' }).click()
    await box.getByLabel('Subject').fill(subject)
    await box.getByLabel('Text').fill(text)
    await box.getByRole('button', { name: 'Send' }).click()
  }
  await write('A stove', 'Does the stove burn wood?')
  await open(noor, 'Does the stove burn wood?')
  await expect(box.getByRole('article').filter({ hasText: 'Automated' })).toHaveCount(1)

  await server.getByRole('button', { name: /Refuse the next recipient/ }).click()
  await expect(server.getByRole('button', { name: /Refuse the next recipient/ })).toContainText('armed')
  await answer(noor, 'Wood, and gas.')
  const refused = noor.locator('.turn.out', { hasText: 'Wood, and gas.' })
  await expect(refused.locator('.trouble.failed')).toBeVisible({ timeout: 40_000 })
  await expect(server.getByRole('button', { pressed: true })).toHaveCount(0)
  await refused.getByRole('button', { name: 'Retry' }).click()
  await expect(box.getByRole('article').filter({ hasText: 'Wood, and gas.' })).toBeVisible({ timeout: 30_000 })

  await server.getByRole('button', { name: /Take the mail server away/ }).click()
  await write('Tent pegs', 'And do you have pegs?')
  await expect(box.getByText('Waits for the mail server')).toBeVisible()
  await server.getByRole('button', { name: /Bring the mail server back/ }).click()
  await expect(box.getByText('Waits for the mail server')).toHaveCount(0)
  await expect(noor.getByRole('log').getByText('And do you have pegs?')).toBeVisible({ timeout: 60_000 })

  await server.getByRole('button', { name: /Put the next mail off/ }).click()
  await answer(noor, 'Pegs of every kind.')
  await expect(box.locator('.mail-row', { hasText: 'Pegs of every kind.' })).toBeVisible({ timeout: 60_000 })
})

for (const scheme of ['light', 'dark'] as const) {
  test(`the mailbox is for everybody in ${scheme}, on a desk and on a phone`, async ({ noor, shared }) => {
    test.slow()
    const { play, box } = await mailbox(noor, shared, 'Salma Idrissi')
    await play.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' })
    const subject = `The ${scheme} lamp, and whether a long subject has room on a narrow screen`
    await box.getByRole('button', { name: 'Write' }).click()
    await box.getByLabel('Subject').fill(subject)
    await box.getByLabel('Text').fill('Does it come with batteries?\n\n— Salma 🙂')
    await noSeriousFindings(play)
    await play.screenshot({ path: `${SHOTS}/mailbox-writing-${scheme}.png` })
    await box.getByRole('button', { name: 'Send' }).click()
    await expect(box.getByRole('article').first()).toBeVisible()
    await noSeriousFindings(play)
    await play.screenshot({ path: `${SHOTS}/mailbox-${scheme}.png`, fullPage: true })
    await play.setViewportSize({ width: 1024, height: 768 })
    await play.screenshot({ path: `${SHOTS}/mailbox-tablet-${scheme}.png`, fullPage: true })

    await play.setViewportSize({ width: 360, height: 740 })
    await play.getByRole('group', { name: 'Phone or mailbox?' }).getByRole('button', { name: 'Mailbox' }).click()
    const sideways = () => play.evaluate(() => document.documentElement.scrollWidth > innerWidth)
    await expect(box.locator('.mail-list')).toBeHidden()
    await noSeriousFindings(play)
    await play.screenshot({ path: `${SHOTS}/mailbox-phone-reading-${scheme}.png` })
    await box.getByRole('button', { name: 'Reply' }).click()
    await play.screenshot({ path: `${SHOTS}/mailbox-phone-reply-${scheme}.png` })
    expect(await sideways()).toBe(false)
    await box.getByRole('button', { name: 'Back to the letters' }).click()
    await expect(box.locator('.mail-row').first()).toBeFocused()
    await noSeriousFindings(play)
    await play.screenshot({ path: `${SHOTS}/mailbox-phone-${scheme}.png`, fullPage: true })
    expect(await sideways()).toBe(false)
  })
}

test('in Arabic the mailbox stands the other way round', async ({ noor, shared }) => {
  await noor.goto(`${shared.url}/account`)
  await noor.getByRole('button', { name: 'العربية' }).click()
  await expect(noor.locator('html')).toHaveAttribute('dir', 'rtl')
  await noor.goto(`${shared.url}/playground`)
  const box = noor.locator('.mailbox')
  await box.getByRole('button', { name: 'كتابة' }).click()
  await box.getByLabel('الموضوع').fill('المعطف الأزرق')
  await box.getByLabel('النص').fill('هل وصل المعطف؟')
  await box.getByRole('button', { name: 'إرسال' }).click()
  await expect(box.getByRole('article').first()).toContainText('هل وصل المعطف؟')
  const [list, letter] = [await box.locator('.mail-list').boundingBox(), await box.locator('.mail-open').boundingBox()]
  expect(list?.x ?? 0).toBeGreaterThan(letter?.x ?? 0)
  await noSeriousFindings(noor)
  await noor.screenshot({ path: `${SHOTS}/mailbox-rtl.png` })
  await noor.goto(`${shared.url}/account`)
  await noor.getByRole('button', { name: 'English' }).click()
})
