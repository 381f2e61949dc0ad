// Starts one bridge with the playground for all tests of a run, and gives each test signed-in pages and a customer.
// Every page fails its test on a content policy report or an uncaught error.
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { AxeBuilder } from '@axe-core/playwright'
import { test as base, expect, type BrowserContext, type Page } from '@playwright/test'

export interface SignIn {
  email: string
  password: string
}
export interface Bridge {
  url: string
  people: SignIn[]
}

const WEB = resolve(import.meta.dirname, '..')

function freePort(): Promise<number> {
  return new Promise((done, fail) => {
    const server = createServer()
    server.once('error', fail)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => done(typeof address === 'object' && address ? address.port : 0))
    })
  })
}

/** A bridge that runs already: RAPPORT_URL says where. */
function given(): Bridge | null {
  const url = process.env['RAPPORT_URL']
  if (!url) return null
  // "Sign in" lines as the bridge prints them, parted by semicolons.
  const people = (process.env['RAPPORT_SIGN_IN'] ?? '').split(';').map((line) => {
    const [email = '', password = ''] = line.trim().split(/\s+/)
    return { email, password }
  })
  return { url, people }
}

/** Starts a program that serves the playground: the configuration is its last argument. */
export async function start(
  program: string,
  args: string[],
): Promise<{ bridge: Bridge; child: ChildProcess; stop: () => Promise<void> }> {
  const port = await freePort()
  const data = mkdtempSync(join(tmpdir(), 'rapport-e2e-'))
  const binary = resolve(WEB, program)
  const child: ChildProcess = spawn(binary, [...args, resolve(WEB, '../config/playground.toml')], {
    cwd: resolve(WEB, '..'),
    env: { ...process.env, RAPPORT__DATA_DIR: data, RAPPORT__SERVER__LISTEN: `127.0.0.1:${port}` },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  let output = ''
  const people: SignIn[] = []
  const read = (chunk: Buffer) => {
    output += chunk.toString()
    people.length = 0
    for (const [, email = '', password = ''] of output.matchAll(/^Sign in: (\S+) (\S+)$/gm))
      people.push({ email, password })
  }
  child.stdout?.on('data', read)
  child.stderr?.on('data', read)
  const url = `http://127.0.0.1:${port}`
  const until = Date.now() + 30_000
  for (;;) {
    const ready = await fetch(`${url}/readyz`).then(
      (r) => r.ok,
      () => false,
    )
    if (ready && people.length >= 2) break
    if (child.exitCode !== null || Date.now() > until) {
      child.kill('SIGKILL')
      throw new Error(`The bridge did not start (${binary}):\n${output}`)
    }
    await new Promise((next) => setTimeout(next, 100))
  }
  const stop = async () => {
    const gone = new Promise((done) => child.once('exit', done))
    child.kill('SIGTERM')
    await gone
    rmSync(data, { recursive: true, force: true })
  }
  return { bridge: { url, people }, child, stop }
}

export class Customer {
  constructor(
    readonly bridge: Bridge,
    readonly number: string,
  ) {}

  async #ask(path: string, body?: unknown): Promise<Response> {
    const response = await fetch(`${this.bridge.url}/playground/api/${path}`, {
      ...(body === undefined
        ? {}
        : {
            method: 'POST',
            body: JSON.stringify(body),
            headers: { 'content-type': 'application/json', 'x-rapport-csrf': '1' },
          }),
    })
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
    return response
  }

  async write(body: string): Promise<void> {
    await this.#ask('sms', { from: this.number, body })
  }

  async fault(kind: 'cut_send' | 'refuse_send' | 'down' | 'none'): Promise<void> {
    await this.#ask('fault', { kind })
  }

  /** What arrived on this phone. */
  async received(): Promise<string[]> {
    const state = (await (await this.#ask('state')).json()) as { messages: { to: string; body: string }[] }
    return state.messages.filter((m) => m.to === this.number).map((m) => m.body)
  }
}

let serial = 0
export const test = base.extend<{ customer: Customer; noor: Page; jonas: Page; guard: undefined }, { shared: Bridge }>({
  shared: [
    // eslint-disable-next-line no-empty-pattern
    async ({}, use) => {
      const running = given()
      if (running) return use(running)
      const { bridge, stop } = await start(process.env['RAPPORT_BIN'] ?? '../target/debug/rapport', [
        'serve',
        '--config',
      ])
      await use(bridge)
      await stop()
    },
    { scope: 'worker', timeout: 60_000 },
  ],
  customer: async ({ shared }, use) => {
    // A number of its own for each test, so that no test reads another's conversation.
    const number = `+4915${String(Date.now()).slice(-7)}${String(++serial).padStart(2, '0')}`
    await use(new Customer(shared, number))
  },
  noor: async ({ browser, shared }, use) => {
    const page = await signedIn(await browser.newContext(), shared, 0)
    await use(page)
    await page.context().close()
  },
  jonas: async ({ browser, shared }, use) => {
    const page = await signedIn(await browser.newContext(), shared, 1)
    await use(page)
    await page.context().close()
  },
})
export { expect }

/** Fails loudly where the page throws or the content policy stops something. */
export function watch(page: Page): void {
  page.on('pageerror', (error) => {
    throw new Error(`The page threw: ${error.message}`)
  })
  page.on('console', (message) => {
    if (/Content.Security.Policy/i.test(message.text())) throw new Error(message.text())
  })
}

export async function signedIn(context: BrowserContext, bridge: Bridge, who: number): Promise<Page> {
  const page = await context.newPage()
  watch(page)
  const person = bridge.people[who]
  if (!person) throw new Error('The bridge printed no sign-in for this associate')
  await page.goto(bridge.url)
  await page.getByLabel('E-mail').fill(person.email)
  await page.getByLabel('Password').fill(person.password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await expect(page.getByRole('heading', { level: 1, name: 'Your customers' })).toBeVisible()
  return page
}

/** The row of a conversation, by what the customer wrote. */
export const row = (page: Page, text: string) => page.locator('.row', { hasText: text })

/** Opens a new conversation from the team queue. */
export async function open(page: Page, text: string): Promise<void> {
  await page
    .getByRole('navigation', { name: 'Views' })
    .first()
    .getByRole('link', { name: /Team queue/ })
    .click()
  await row(page, text).click()
  await expect(page.getByRole('log').getByText(text)).toBeVisible()
}

export async function noSeriousFindings(page: Page): Promise<void> {
  // What stands in the frame of a letter is its writer's, and no script, not even this one's, runs there.
  const letters = page.locator('iframe.letter-frame')
  const sources = await letters.evaluateAll((frames) =>
    frames.map((frame) => {
      const source = frame.getAttribute('src') ?? ''
      frame.setAttribute('src', 'about:blank')
      return source
    }),
  )
  const { violations } = await new AxeBuilder({ page })
    .withTags(['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa'])
    .exclude('iframe.letter-frame')
    .analyze()
  await letters.evaluateAll((frames, before) => {
    frames.forEach((frame, i) => frame.setAttribute('src', before[i] ?? ''))
  }, sources)
  const serious = violations.filter((v) => v.impact === 'serious' || v.impact === 'critical')
  expect(serious.map((v) => `${v.id}: ${v.nodes.map((n) => n.html.slice(0, 160)).join(' | ')}`)).toEqual([])
}
