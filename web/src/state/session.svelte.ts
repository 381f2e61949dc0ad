// Who is signed in. Owns `me`; what starts and ends with a session is registered by state/live.svelte.ts.
import { session as api } from '../api/calls'
import { onSignedOut, Problem } from '../api/http'
import type { Me } from '../api/types'
import { forget, namesUnder } from './kept'

class Session {
  me = $state.raw<Me | null>(null)
  status = $state<'unknown' | 'in' | 'out' | 'unreachable'>('unknown')
  /** The session ended while the person worked: the sign-in page says that drafts are kept. */
  ended = $state(false)
  onStart: (() => void) | undefined
  onEnd: (() => void) | undefined

  constructor() {
    onSignedOut(() => {
      if (this.status !== 'in') return
      this.ended = true
      this.#end()
    })
  }

  async look(): Promise<void> {
    try {
      this.begin(await api.me())
    } catch (error) {
      this.status = error instanceof Problem && error.status === 401 ? 'out' : 'unreachable'
    }
  }

  /** The live stream ended: is it the session, or only the line? */
  async check(): Promise<void> {
    if (this.status !== 'in') return
    try {
      this.me = await api.me()
    } catch (error) {
      if (!(error instanceof Problem && error.status === 401) || (this.status as string) !== 'in') return
      this.ended = true
      this.#end()
    }
  }

  begin(me: Me): void {
    this.me = me
    this.ended = false
    this.status = 'in'
    this.onStart?.()
  }

  async signOut(): Promise<void> {
    const who = this.me?.id
    try {
      await api.signOut()
    } finally {
      if (who) for (const name of namesUnder(`${who}.`)) forget(name)
      this.#end()
    }
  }

  /** A teammate by id, however little we know. */
  nameOf(id: string | null | undefined): string | null {
    if (!id) return null
    return this.me?.associates.find((a) => a.id === id)?.name ?? null
  }

  teamName(id: string | null | undefined): string | null {
    if (!id) return null
    return this.me?.teams_all.find((team) => team.id === id)?.name ?? id
  }

  #end(): void {
    this.onEnd?.()
    this.me = null
    this.status = 'out'
  }
}

export const session = new Session()
