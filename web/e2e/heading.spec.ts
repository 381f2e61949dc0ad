// The heading of a letter in a real browser: it fits a phone, works by keyboard, and axe finds nothing in it.
import { expect, noSeriousFindings, test } from './bridge'
import { detail, message, one, summary } from './feign'

const SHOTS = 'test-results/shots'

const letter = () => {
  const conversation = summary({
    id: 'cv_letter',
    channel: 'email',
    contact: { id: 'ct_1', name: 'Ines Carvalho', address: 'ines.carvalho@posta.example' },
  })
  const given = detail(conversation, [
    message({ conversation_id: 'cv_letter', channel: 'email', text: 'Where is my lamp?' }),
    message({
      id: 'ms_ours',
      conversation_id: 'cv_letter',
      channel: 'email',
      position: 2,
      kind: 'outbound',
      author: { kind: 'associate', id: 'as_x', name: 'Jonas Brandt' },
      text: 'It is on its way.',
      delivery: 'failed',
      delivery_reason: 'The mailbox does not exist.',
      deliveries: [
        { address: 'ines.carvalho@posta.example', state: 'delivered', reason: null },
        { address: 'bert@warehouse.example', state: 'failed', reason: 'The mailbox does not exist.' },
      ],
    }),
  ])
  given.reply.capabilities = { ...given.reply.capabilities, text_unit: 'chars', letters: true }
  given.reply.suggested_subject = 'Re: The lamp with the green shade that I ordered in March and that never came'
  given.reply.offered = [
    { address: 'bert@warehouse.example', name: 'Bert', role: 'cc', why: 'to' },
    {
      address: 'a.person.with.a.very.long.address.indeed@a-long-domain-name.example',
      name: null,
      role: 'cc',
      why: 'cc',
    },
    { address: 'eve@w.example', name: null, role: 'cc', why: 'participant' },
  ]
  return given
}

for (const [name, size] of [
  ['a desktop', { width: 1440, height: 900 }],
  ['a narrow phone', { width: 360, height: 740 }],
] as const)
  for (const language of ['en', 'ar'])
    test(`on ${name} in ${language} the heading of a letter fits and axe finds nothing`, async ({ noor, shared }) => {
      await noor.addInitScript(
        (lang) => localStorage.setItem('rapport.prefs', JSON.stringify({ language: lang })),
        language,
      )
      await one(noor, letter())
      await noor.setViewportSize(size)
      await noor.goto(`${shared.url}/inbox/unassigned/cv_letter`)
      await expect(noor.locator('html')).toHaveAttribute('dir', language === 'ar' ? 'rtl' : 'ltr')
      const words = noor.locator('textarea.editor')
      await words.fill('It was sent again today.')
      const heading = noor.locator('.composer .heading')
      await heading.getByRole('checkbox').last().check()
      await expect(heading.locator('.unproven')).toBeVisible()
      await noor.screenshot({ path: `${SHOTS}/heading-${size.width}-${language}.png` })
      await noSeriousFindings(noor)
      const wide = await noor.evaluate(() => document.documentElement.scrollWidth - innerWidth)
      expect(wide, 'nothing is wider than the screen').toBeLessThanOrEqual(0)
      for (const target of await heading.locator('button, label').all()) {
        const box = await target.boundingBox()
        expect(box?.height ?? 0).toBeGreaterThanOrEqual(24)
        expect((box?.x ?? 0) + (box?.width ?? 0)).toBeLessThanOrEqual(size.width)
      }
    })

test('the subject is changed with the keyboard alone and the reply is not sent by that', async ({ noor, shared }) => {
  const sent: unknown[] = []
  await one(noor, letter())
  await noor.route('**/api/v1/conversations/cv_letter/replies', (route) => {
    sent.push(route.request().postDataJSON())
    return route.abort()
  })
  await noor.goto(`${shared.url}/inbox/unassigned/cv_letter`)
  const words = noor.getByRole('textbox', { name: 'Message' })
  await words.fill('It was sent again today.')
  for (let i = 0; i < 4; i++) await noor.keyboard.press('Shift+Tab')
  await expect(noor.getByRole('button', { name: /^Subject: / })).toBeFocused()
  await noor.keyboard.press('Enter')
  await noor.keyboard.type('Your lamp')
  await noor.keyboard.press('Enter')
  await expect(words).toBeFocused()
  expect(sent).toEqual([])
  await noor.keyboard.press('Shift+Tab')
  await noor.keyboard.press('Space')
  await words.focus()
  await noor.keyboard.press('Control+Enter')
  await expect.poll(() => sent[0]).toMatchObject({ subject: 'Your lamp', cc: ['eve@w.example'] })
})
