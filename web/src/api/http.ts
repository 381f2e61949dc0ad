// One way to talk to the bridge: JSON in, JSON or a Problem out. Must not know any endpoint (calls.ts does).
// A Problem is an answer that says no; a Lost is no answer at all, so that nobody can tell whether it was heard.

export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly detail: string,
    readonly body: Record<string, unknown>,
    /** Seconds until it may be tried again, where the bridge said so. */
    readonly retryAfter: number | null = null,
  ) {
    super(detail || code)
  }

  /** The reason for one field of the request, where the bridge named it. */
  field(name: string): string | undefined {
    const errors = this.body['errors']
    if (!Array.isArray(errors)) return undefined
    return (errors as { field: string; reason: string }[]).find((e) => e.field === name)?.reason
  }
}

export class Lost extends Error {}

type Listener = () => void
const signedOut = new Set<Listener>()
const answered = new Set<(reached: boolean) => void>()

/** Called when the bridge says that the session is over. */
export function onSignedOut(listener: Listener): void {
  signedOut.add(listener)
}

/** Called after each request: did the bridge answer at all? */
export function onAnswer(listener: (reached: boolean) => void): void {
  answered.add(listener)
}

export interface Options {
  body?: unknown
  idempotencyKey?: string
  /** A 401 is an answer here, not the end of the session. */
  anonymous?: boolean
  signal?: AbortSignal
  /** Goes its way although the page is left. */
  lasting?: boolean
}

export async function request<T>(method: string, path: string, options: Options = {}): Promise<T> {
  const headers: Record<string, string> = { accept: 'application/json' }
  if (method !== 'GET') headers['x-rapport-csrf'] = '1'
  if (options.body !== undefined) headers['content-type'] = 'application/json'
  if (options.idempotencyKey) headers['idempotency-key'] = options.idempotencyKey
  let response: Response
  try {
    response = await fetch(path, {
      method,
      headers,
      credentials: 'same-origin',
      cache: 'no-store',
      ...(options.lasting ? { keepalive: true } : {}),
      ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
      ...(options.signal ? { signal: options.signal } : {}),
    })
  } catch (cause) {
    if (!options.signal?.aborted) answered.forEach((tell) => tell(false))
    throw new Lost('no answer', { cause })
  }
  answered.forEach((tell) => tell(true))
  const type = response.headers.get('content-type') ?? ''
  return read<T>(response.status, type, await response.text(), options, response.headers.get('retry-after'))
}

/** Turns a finished answer into its value, or throws the Problem it holds. */
export function read<T>(
  status: number,
  type: string,
  text: string,
  options: Options = {},
  retryAfter: string | null = null,
): T {
  const json = type.includes('json') && text !== '' ? (JSON.parse(text) as unknown) : undefined
  if (status >= 200 && status < 300) return json as T
  if (status === 401 && !options.anonymous) signedOut.forEach((tell) => tell())
  const body = (json ?? {}) as Record<string, unknown>
  const detail = String(body['detail'] ?? body['title'] ?? '')
  const wait = Number.parseInt(retryAfter ?? '', 10)
  throw new Problem(status, String(body['code'] ?? status), detail, body, Number.isNaN(wait) ? null : wait)
}

/** Whether the same request may be made again: no answer, or a bridge that is busy or starting. */
export function mayRepeat(error: unknown): boolean {
  return error instanceof Lost || (error instanceof Problem && [429, 502, 503, 504].includes(error.status))
}
