// Senders that can't be answered: the composer says why, and offers what can be done instead.
import { expect, open, row, test } from './bridge'
import { detail, message, one, summary } from './feign'

test('who wrote STOP while an answer is owed is set aside with that reason', async ({ noor, customer }) => {
  const mark = `Is it back in stock? ${Date.now()}`
  await customer.write(mark)
  await open(noor, mark)
  const saved = noor.waitForResponse((r) => r.url().endsWith('/draft') && r.request().method() === 'PUT')
  await noor.getByRole('textbox', { name: 'Message' }).fill('Half an answer')
  await saved
  await customer.write('STOP')
  const composer = noor.getByRole('form', { name: /Answer to/ })
  await expect(composer.getByText('The customer asked for no more messages on this channel.')).toBeVisible()
  await expect(noor.getByRole('textbox', { name: 'Message' })).toHaveCount(0)
  await expect(composer.getByRole('button', { name: /^Send/ })).toHaveCount(0)
  // What was written is not lost: it stands there and can become a note.
  await expect(composer.getByText('Half an answer')).toBeVisible()
  await noor.screenshot({ path: 'test-results/shots/opted-out.png' })
  await composer.getByRole('button', { name: 'Make it a note' }).click()
  await expect(noor.getByRole('textbox', { name: 'Note, only your team sees this' })).toHaveValue('Half an answer')
  await noor.getByRole('button', { name: 'Keep note' }).click()
  await expect(noor.getByRole('article', { name: 'Internal note' }).getByText('Half an answer')).toBeVisible()

  await composer.getByRole('button', { name: 'Set aside with a reason' }).click()
  const dialog = noor.getByRole('dialog')
  await expect(dialog.getByLabel('The reason')).toHaveValue('Asked for no more messages')
  await dialog.getByRole('button', { name: 'No answer needed' }).click()
  await expect(noor.getByRole('status').getByText('Nobody waits here now')).toBeVisible()
  await noor.getByRole('link', { name: 'Closed' }).first().click()
  await expect(row(noor, 'Half an answer')).toBeVisible()
  expect(await customer.received()).not.toContain('Half an answer')
})

test('a blocked sender says so and can be unblocked where one would write', async ({ noor, customer }) => {
  const mark = `Buy my boots ${Date.now()}`
  await customer.write(mark)
  await open(noor, mark)
  await noor.getByRole('button', { name: 'More', exact: true }).click()
  await noor.getByRole('menuitem', { name: /Block/ }).click()
  await noor.getByLabel('Why?').fill('Sells boots')
  await noor.getByRole('dialog').getByRole('button', { name: 'Block' }).click()
  await expect(noor.getByText('This sender is blocked.')).toBeVisible()
  // In the card each of these stands on one line.
  const card = noor.getByRole('complementary', { name: 'Customer card' })
  for (const line of [card.getByText('Blocked: Sells boots'), card.getByRole('button', { name: /new owner/ })])
    expect((await line.boundingBox())?.height ?? 99).toBeLessThan(30)
  await card.screenshot({ path: 'test-results/shots/card-blocked.png' })
  await expect(noor.getByRole('textbox', { name: 'Message' })).toHaveCount(0)
  await noor.getByRole('form').getByRole('button', { name: 'Unblock' }).click()
  await expect(noor.getByRole('textbox', { name: 'Message' })).toBeVisible()
})

test('a short code takes no answer: the way on is to close, and R finds it', async ({ noor, shared }) => {
  const conversation = summary({ contact: { id: 'ct_1', name: 'Parcel', address: '72975' }, snippet: 'Your parcel' })
  const handle = {
    id: 'hd_1',
    channel: 'sms',
    address: '72975',
    trust: 'claimed',
    can_reply: false,
    blocked_at: null,
    blocked_reason: null,
    opted_out_at: null,
    unreachable_at: null,
    shared: false,
    look_alike: false,
    mixed_scripts: false,
    until: null,
    last_seen_at: null,
  }
  const given = detail(conversation, [message({ text: 'Your parcel comes today' })])
  given.contact.handles = [handle]
  given.reply = { ...given.reply, can_reply: false, reason: 'This sender can’t receive replies.' }
  await one(noor, given)
  await noor.goto(`${shared.url}/inbox/unassigned/cv_1`)
  await expect(noor.getByText('This sender takes no answers')).toBeVisible()
  await noor.getByRole('log').focus()
  await noor.keyboard.press('r')
  await expect(noor.getByRole('form').getByRole('button', { name: 'Close' })).toBeFocused()
})
