// A page of somebody else's, opened by an associate who is signed in: it can change nothing, hear nothing, frame nothing.
// Once from another port of the same host (same-site, other origin), once from another host (cross-site).
import { createServer, type Server } from 'node:http'
import type { Page } from '@playwright/test'
import { Counter } from './counter'
import { expect, open, row, signedIn, test } from './bridge'

interface Foreign {
  server: Server
  port: number
}
async function serve(): Promise<Foreign> {
  const server = createServer((_, answer) => {
    answer.writeHead(200, { 'content-type': 'text/html; charset=utf-8' })
    answer.end('<!doctype html><title>Win a boot</title><p>Hello</p>')
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const address = server.address()
  return { server, port: typeof address === 'object' && address ? address.port : 0 }
}

/** Everything a page can send without being asked, at once. Tells what the page itself could see of it. */
async function attack(page: Page, bridge: string, conversation: string): Promise<string[]> {
  return page.evaluate(
    async ([target, id]) => {
      const v1 = `${target}/api/v1`
      const seen: string[] = []
      const text = (body: unknown): RequestInit => ({
        method: 'POST',
        mode: 'no-cors',
        credentials: 'include',
        headers: { 'content-type': 'text/plain' },
        body: JSON.stringify(body),
      })
      const json = (method: string, body?: unknown): RequestInit => ({
        method,
        credentials: 'include',
        headers: { 'content-type': 'application/json', 'x-rapport-csrf': '1' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
      const file = new FormData()
      file.set('file', new File(['x'], 'boot.png', { type: 'image/png' }))
      const reply = { text: 'From elsewhere', attachments: [], seen_position: 99, close: false }
      const tries: [string, RequestInit][] = [
        [`${v1}/conversations/${id}/replies`, text(reply)],
        [`${v1}/conversations/${id}/replies`, json('POST', reply)],
        [`${v1}/conversations/${id}/notes`, text({ text: 'From elsewhere', attachments: [] })],
        [`${v1}/conversations/${id}/close`, text({})],
        [`${v1}/conversations/${id}/waive`, text({ reason: 'spam', seen_position: 99, close: true })],
        [`${v1}/conversations/${id}/draft`, json('PUT', { text: 'From elsewhere', attachments: [], note: false })],
        [`${v1}/conversations/${id}/assign`, text({ associate: null, team: null })],
        [`${v1}/associates`, text({ name: 'Eve', email: 'eve@evil.example', role: 'admin', teams: [] })],
        [`${v1}/me/password`, text({ current: 'x', new: 'four quiet words here' })],
        [`${v1}/session`, json('DELETE')],
        [`${v1}/attachments`, { method: 'POST', mode: 'no-cors', credentials: 'include', body: file }],
        [`${v1}/me`, { credentials: 'include' }],
        [`${v1}/conversations/${id}`, { credentials: 'include' }],
      ]
      for (const [url, init] of tries) {
        const told = await fetch(url, init).then(
          async (r) => (r.type === 'opaque' ? '' : `${r.status} ${await r.text()}`),
          () => '',
        )
        if (told) seen.push(`${url}: ${told}`)
      }
      // A frame that is refused may load nothing at all.
      const soon = (what: Promise<unknown>) => Promise.race([what, new Promise((next) => setTimeout(next, 3_000))])
      // Forms, into frames of their own: what needs no leave at all.
      for (const [n, path] of [`conversations/${id}/close`, `conversations/${id}/replies`, 'session'].entries()) {
        const frame = document.body.appendChild(document.createElement('iframe'))
        frame.name = `form-${n}`
        const form = document.body.appendChild(document.createElement('form'))
        Object.assign(form, { method: 'post', enctype: 'text/plain', target: frame.name, action: `${v1}/${path}` })
        const field = form.appendChild(document.createElement('input'))
        Object.assign(field, {
          name: '{"text":"From elsewhere","attachments":[],"seen_position":99,"x":"',
          value: '"}',
        })
        const done = new Promise((next) => frame.addEventListener('load', next, { once: true }))
        form.submit()
        await soon(done)
      }
      // The live stream: by EventSource with credentials, and by fetch.
      await new Promise<void>((next) => {
        const events = new EventSource(`${v1}/events`, { withCredentials: true })
        events.onopen = () => seen.push('the stream opened')
        events.onerror = () => {
          events.close()
          next()
        }
        events.onmessage = () => seen.push('the stream told something')
      })
      // The inbox itself in a frame, and an attempt to read it.
      const frame = document.body.appendChild(document.createElement('iframe'))
      const done = new Promise((next) => frame.addEventListener('load', next, { once: true }))
      frame.name = 'inbox'
      frame.src = `${target}/inbox/mine`
      await soon(done)
      return seen
    },
    [bridge, conversation] as const,
  )
}

for (const [host, who] of [
  ['127.0.0.1', 'another port of the same host'],
  ['localhost', 'another host'],
] as const) {
  test(`a page of ${who} changes nothing, hears nothing and frames nothing`, async ({ browser, customer, shared }) => {
    const mark = `Mine alone ${Date.now()}`
    await customer.write(mark)
    const counter = await Counter.before(shared.url)
    const foreign = await serve()
    const context = await browser.newContext()
    try {
      const noor = await signedIn(context, { ...shared, url: counter.url }, 0)
      await open(noor, mark)
      const id = (await row(noor, mark).getAttribute('data-conversation')) ?? ''
      const ask = async (path: string) => (await noor.request.get(`${shared.url}/api/v1/${path}`)).text()
      await expect(row(noor, mark).getByText('Unread')).toHaveCount(0)
      const before = { conversation: await ask(`conversations/${id}`), people: await ask('associates') }
      // The inbox itself stays open beside it but asks nothing now: what is answered was the foreign page's.
      await noor.goto('about:blank')
      counter.anew()

      const page = await context.newPage()
      await page.goto(`http://${host}:${foreign.port}/`)
      expect(await attack(page, counter.url, id)).toEqual([])

      // What reached the bridge was refused: the browser held back only what needs leave first.
      const reached = counter.answered.filter((line) => !line.includes(' OPTIONS '))
      expect(reached.length, reached.join('\n')).toBeGreaterThan(10)
      expect(reached.filter((line) => !line.startsWith('403 '))).toEqual([])
      expect(reached).toContain('403 GET /api/v1/events')
      expect(reached).toContain('403 POST /api/v1/attachments')
      expect(reached).toContain('403 POST /api/v1/session')
      // Frames are there, and none of them shows anything of ours.
      const frames = page.frames().slice(1)
      expect(frames.length).toBeGreaterThan(3)
      expect(frames.map((f) => f.url()).filter((url) => url.startsWith(counter.url))).toEqual([])
      const headers = (await noor.request.get(shared.url)).headers()
      expect(headers['content-security-policy']).toContain("frame-ancestors 'none'")
      expect(headers['access-control-allow-origin']).toBeUndefined()

      expect(await ask(`conversations/${id}`)).toBe(before.conversation)
      expect(await ask('associates')).toBe(before.people)
      expect(await customer.received()).not.toContain('From elsewhere')
      await noor.goto(`${counter.url}/inbox/unassigned/${id}`)
      await expect(noor.getByRole('log').getByText(mark)).toBeVisible()
    } finally {
      await context.close()
      await counter.stop()
      foreign.server.close()
    }
  })
}
