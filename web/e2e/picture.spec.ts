// The picture of the README, taken anew where PICTURE names the file: a small, lively morning in the real inbox.
import { Customer, expect, row, test } from './bridge'

const file = process.env['PICTURE']

test('the README’s picture', async ({ noor, shared }) => {
  test.skip(!file, 'PICTURE names no file')
  test.slow()
  const ines = new Customer(shared, '+351900000142')
  await ines.write('Hi, Ines here. The left Sella boot squeaks at every step since the Dolomites 😅')
  await noor
    .getByRole('link', { name: /Team queue/ })
    .first()
    .click()
  await row(noor, 'Sella boot').click()
  await noor.getByRole('button', { name: 'Take it' }).click()
  const field = noor.getByRole('textbox', { name: 'Message' })
  await field.fill('Hi Ines! Not after two months, no. Send me a photo of the sole, and I’ll show it to the maker.')
  await field.press('Control+Enter')
  await expect(noor.locator('.fate-word').last()).toHaveText(/Sent|Delivered/, { timeout: 30_000 })
  await noor.getByRole('button', { name: 'Note', exact: true }).click()
  await noor.getByRole('textbox', { name: /Note/ }).fill('Same batch as the three from October.')
  await noor.getByRole('button', { name: 'Keep note' }).click()
  await new Customer(shared, '+393331234567').write('Buongiorno, il mio zaino è pronto?')
  await new Customer(shared, '+4915123456789').write(
    'Der Reißverschluss klemmt schon wieder, kann ich die Jacke einschicken?',
  )
  await new Customer(shared, '+962700000142').write('هل وصل المعطف الأزرق إلى المتجر؟')
  await ines.write('Thank you! I leave on Friday, so I could also come to the shop')
  await expect(noor.getByRole('log').getByText('come to the shop')).toBeVisible()
  await noor
    .getByRole('link', { name: /All open/ })
    .first()
    .click()
  await row(noor, 'come to the shop').click()
  await field.fill('Friday is fine: I’ll have a pair ready for you.')
  await noor.screenshot({ path: file ?? '', animations: 'disabled' })
})
