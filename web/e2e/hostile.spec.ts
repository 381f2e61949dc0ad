// Hostile letters in a real browser: nothing of them runs, asks anybody else for anything, or leads the page away.
// The same letters on a page without our care show that these eyes see.
import type { Page } from '@playwright/test'
import { expect, row } from './bridge'
import { test, type Letterbox } from './letterbox'
import { fields, payloads } from './payloads'

// The longest file by far: its tests go to whichever worker is free.
test.describe.configure({ mode: 'parallel' })

const ELSEWHERE = 'http://evil.example'
const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
/** So many stand in one conversation, which is shown whole. */
const A_PAGE = 45

/** What a page does that no letter may make it do. */
function eyesOn(page: Page, home: string) {
  const seen = { ran: [] as string[], asked: [] as string[], refused: [] as string[], led: [] as string[] }
  let opened = 0
  let blocked = 0
  page.on('console', (message) => {
    const text = message.text()
    if (/^ran:/.test(text)) seen.ran.push(text)
    else if (/Content.Security.Policy/i.test(text)) seen.refused.push(text)
    // The browser stops one script a page, the one by which these tests reach into it. Another is the letter's.
    else if (text.startsWith('Blocked script execution')) blocked++
    if (blocked > opened) seen.refused.push(text)
  })
  page.on('response', (response) => {
    if (/\/html(\?|$)/.test(response.url())) opened++
  })
  page.on('dialog', (dialog) => {
    seen.ran.push(dialog.message())
    void dialog.dismiss()
  })
  page.on('request', (request) => {
    const url = request.url()
    if (!url.startsWith(home) && !/^(data|blob|about):/.test(url)) seen.asked.push(url)
  })
  page.on('framenavigated', (frame) => {
    const url = frame.url()
    if (!url.startsWith(home) && !/^(about|data|chrome-error):/.test(url)) seen.led.push(url)
  })
  page.on('popup', (popup) => seen.led.push(popup.url()))
  return seen
}
const NOTHING = { ran: [], asked: [], refused: [], led: [] }

const posted = new Map<string, number>()
/** Letters of one sender in one conversation, each with a payload as its HTML and others in all its fields. */
async function post(box: Letterbox, name: string, html: string[]): Promise<void> {
  const words = fields(ELSEWHERE)
  const word = (i: number) => words[i % words.length] ?? ''
  const all = html.map((page, i) =>
    box.post({
      from: { address: `${name}@hostile.example`, name: `${name} ${word(posted.size)}`, proven: true },
      thread: name,
      subject: `${i} ${word(i)}`,
      text: `${name} letter ${i}\n${word(i + 1)}\n${words.join('\n')}`,
      original: `${name} whole ${i}\n${words.join('\n')}`,
      html: page,
      recipients: [
        { role: 'to', address: word(i + 2), name: word(i + 3) },
        { role: 'cc', address: word(i + 4), name: null },
      ],
      marks: ['confusable'],
      evidence: word(i + 5),
      files: [
        {
          name: word(i + 6),
          content_type: word(i + 7),
          content_id: word(i + 8),
          base64: btoa(page.slice(0, 20).replace(/[^ -~]/g, '')),
        },
        { name: 'a.svg', content_type: 'image/svg+xml', content_id: 'a', base64: btoa('<svg onload=alert(1)>') },
        { name: `${word(i + 9)}.png`, content_type: 'image/png', content_id: 'b', base64: PNG },
      ],
    }),
  )
  await Promise.all(all)
  posted.set(name, html.length)
}

const corpus = payloads(ELSEWHERE).map((payload) => payload.html)
const pages = Array.from({ length: Math.ceil(corpus.length / A_PAGE) }, (_, i) =>
  corpus.slice(i * A_PAGE, (i + 1) * A_PAGE),
)

test('there are at least 400 hostile letters, each different', () => {
  expect(new Set(corpus).size).toBeGreaterThanOrEqual(400)
})

test('on a page without our care they do what they came for, and these eyes see it', async ({ browser }) => {
  test.setTimeout(180_000)
  const context = await browser.newContext()
  const page = await context.newPage()
  const home = 'http://control.example'
  // What they ask for is there, so that only whoever looks can tell.
  await context.route('**', (route) =>
    route.fulfill({ status: 200, contentType: 'text/html', body: '', headers: { 'access-control-allow-origin': '*' } }),
  )
  const seen = eyesOn(page, home)
  for (const html of pages) {
    await page.goto(home)
    // In one frame each, so that those that lead away lead away only themselves.
    await page.evaluate(async (letters) => {
      const frames = letters.map((srcdoc) => {
        const frame = document.createElement('iframe')
        frame.srcdoc = srcdoc
        frame.setAttribute('sandbox', 'allow-scripts allow-same-origin allow-forms')
        document.body.append(frame)
        return new Promise((done) => frame.addEventListener('load', done))
      })
      await Promise.race([Promise.all(frames), new Promise((done) => setTimeout(done, 3000))])
    }, html)
  }
  const ran = new Set(seen.ran)
  const asked = new Set(seen.asked.filter((url) => url.startsWith(ELSEWHERE)))
  const led = new Set(seen.led.filter((url) => url.startsWith(ELSEWHERE)))
  test
    .info()
    .annotations.push({ type: 'control', description: `${ran.size} ran, ${asked.size} asked, ${led.size} led` })
  console.log(`control: ${ran.size} ran, ${asked.size} asked elsewhere, ${led.size} led away, of ${corpus.length}`)
  expect(ran.size).toBeGreaterThan(150)
  expect(asked.size).toBeGreaterThan(60)
  expect(led.size).toBeGreaterThan(5)
  await context.close()
})

// Each page by itself, so that every worker takes its share.
for (const [i, html] of pages.entries())
  test(`in the inbox none of page ${i + 1} runs, asks anybody or leads away, also when its pictures are wanted`, async ({
    noor,
    shared,
    box,
  }) => {
    test.setTimeout(120_000)
    const seen = eyesOn(noor, shared.url)
    const name = `page${i}`
    await post(box, name, html)
    await noor.goto(`${shared.url}/inbox/unassigned`)
    await row(noor, `${name} letter ${html.length - 1}`).click()
    const log = noor.getByRole('log')
    await expect(log.locator('article.msg')).toHaveCount(html.length)
    const here = noor.url()
    // Every link and every button that a letter has is in sight; all that unfolds is unfolded.
    for (const button of ['Why?', 'Show quoted text', 'Show as it was sent'])
      await log.evaluate((element, label) => {
        for (const each of element.querySelectorAll('button')) if (each.textContent?.trim() === label) each.click()
      }, button)
    const frames = log.locator('iframe.letter-frame:not(.loading)')
    await expect(frames).toHaveCount(html.length)
    await log.evaluate((element) => {
      for (const each of element.querySelectorAll('button'))
        if (each.textContent?.trim() === 'Load images') each.click()
    })
    await expect(frames).toHaveCount(html.length)
    const found = await log.evaluate((element) =>
      [...element.querySelectorAll('iframe')].map((frame) => {
        const page = frame.contentDocument
        const bad = page?.querySelectorAll(
          'script, svg, math, iframe, object, embed, form, input, meta:not([charset]), base, link, template, body style, [srcset], [background]',
        )
        const on = [...(page?.querySelectorAll('*') ?? [])].filter((e) =>
          [...e.attributes].some((a) => /^on|^formaction|^ping$/i.test(a.name)),
        )
        const away = [...(page?.querySelectorAll<HTMLAnchorElement>('a[href]') ?? [])].filter(
          (a) => !/^(https?|mailto|tel):/.test(a.href) || a.target !== '_blank' || a.rel !== 'noopener noreferrer',
        )
        const images = [...(page?.images ?? [])].filter(
          (image) =>
            image.src && !image.src.startsWith(`${location.origin}/api/v1/`) && !image.src.startsWith('data:image/'),
        )
        return (bad?.length ?? -1) + on.length + away.length + images.length
      }),
    )
    expect(found).toEqual(html.map(() => 0))
    // What is around the letters is what we wrote, too.
    const around = await log.evaluate((element) => ({
      images: [...element.querySelectorAll('img')].filter(
        (i) => !i.src.startsWith(`${location.origin}/api/v1/attachments/`),
      ).length,
      links: [...element.querySelectorAll('a')].filter((a) => !/^https?:/.test(a.href)).length,
      others: element.querySelectorAll(
        'script, style, form, object, embed, [onerror], [onload], [onmouseover], [onfocus]',
      ).length,
    }))
    expect(around).toEqual({ images: 0, links: 0, others: 0 })
    expect(noor.url()).toBe(here)
    expect(seen).toEqual(NOTHING)
    await expect(noor).toHaveTitle(/Rapport/)
  })

test('the page of a letter is as harmless where it is opened by itself or framed by something careless', async ({
  noor,
  shared,
  box,
}) => {
  test.setTimeout(300_000)
  const sample = corpus.filter((_, i) => i % 5 === 0)
  await post(box, 'alone', sample.slice(0, A_PAGE))
  const seen = eyesOn(noor, shared.url)
  await noor.goto(`${shared.url}/inbox/unassigned`)
  await row(noor, 'alone letter').click()
  await expect(noor.getByRole('log').locator('article.msg')).toHaveCount(Math.min(A_PAGE, sample.length))
  const ids = await noor
    .getByRole('log')
    .locator('article.msg')
    .evaluateAll((all) => all.map((one) => one.getAttribute('data-message') ?? ''))
  await noor.evaluate(async (messages) => {
    const frames = messages.map((message) => {
      const frame = document.createElement('iframe')
      frame.src = `/api/v1/messages/${message}/html?images=load`
      document.body.append(frame)
      return new Promise((done) => frame.addEventListener('load', done))
    })
    await Promise.all(frames)
  }, ids)
  for (const id of ids.slice(0, 10)) {
    const answer = await noor.goto(`${shared.url}/api/v1/messages/${id}/html`)
    expect(answer?.headers()['content-security-policy']).toContain('sandbox')
  }
  expect(seen).toEqual(NOTHING)
})
