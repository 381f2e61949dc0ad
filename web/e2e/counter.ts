// A line between browser and bridge that counts: what page events don't tell, such as a shared worker's requests.
import { createServer, request, type Server } from 'node:http'

export class Counter {
  asked: string[] = []
  /** What the bridge said to each: "403 POST /api/v1/session". */
  answered: string[] = []
  /** Live streams that are open now. */
  streams = 0
  url = ''
  #server: Server

  private constructor(bridge: string) {
    this.#server = createServer((incoming, answer) => {
      const path = incoming.url ?? '/'
      const stream = path.startsWith('/api/v1/events')
      if (path.startsWith('/api/')) this.asked.push(`${incoming.method} ${path}`)
      if (stream) this.streams++
      const onward = request(bridge + path, { method: incoming.method, headers: incoming.headers }, (back) => {
        if (path.startsWith('/api/')) this.answered.push(`${back.statusCode} ${incoming.method} ${path}`)
        answer.writeHead(back.statusCode ?? 502, back.headers)
        back.pipe(answer)
      })
      onward.on('error', () => answer.destroy())
      answer.on('close', () => {
        if (stream) this.streams--
        onward.destroy()
      })
      incoming.pipe(onward)
    })
  }

  static async before(bridge: string): Promise<Counter> {
    const counter = new Counter(bridge)
    await new Promise<void>((done) => counter.#server.listen(0, '127.0.0.1', done))
    const address = counter.#server.address()
    counter.url = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`
    return counter
  }

  /** Forgets what was asked so far. */
  anew(): void {
    this.asked = []
    this.answered = []
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((done) => this.#server.close(done))
  }
}
