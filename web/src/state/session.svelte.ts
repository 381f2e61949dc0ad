// Who is signed in. Owns `me`; what starts and ends with a session is registered by state/live.svelte.ts.
// A browser has one session for all its tabs, and a till has many people: a tab must never go on as somebody else.
import { session as api } from '../api/calls'
import { onSignedOut, Problem } from '../api/http'
import type { Me } from '../api/types'
import { forget, namesUnder } from './kept'

export class Session {
  me = $state.raw<Me | null>(null)
  status = $state<'unknown' | 'in' | 'out' | 'unreachable'>('unknown')
  /** The session ended while the person worked: the sign-in page says that drafts are kept. */
  ended = $state(false)
  onStart: (() => void) | undefined
  /** `everywhere`: the person signed out here, for all tabs. */
  onEnd: ((everywhere: boolean) => void) | undefined
  /** Begins the page anew, so that nothing of the one before stays in its memory. */
  afresh = () => location.reload()
  /** Whose data this tab may hold. */
  #was: string | null = null
  /** This page is on its way out: what is still heard is for the one that follows. */
  #leaving = false
  /** The other tabs of this browser: who is signed in, or null. */
  #tabs = typeof BroadcastChannel === 'function' ? new BroadcastChannel('rapport.session') : null

  constructor() {
    onSignedOut(() => this.#over())
    // A page that "Back" brings out of the browser's memory has heard nothing meanwhile.
    addEventListener('pageshow', ({ persisted }) => persisted && void this.check())
    this.#tabs?.addEventListener('message', ({ data }: MessageEvent<string | null>) => this.#heard(data))
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
      const me = await api.me()
      if ((this.status as string) !== 'in') return
      if (me.id === this.#was) this.me = me
      else this.begin(me)
    } catch (error) {
      if (error instanceof Problem && error.status === 401) this.#over()
    }
  }

  begin(me: Me): void {
    if (this.#leaving) return
    if (this.#was !== null && this.#was !== me.id) return this.#makeWay()
    this.#was = me.id
    this.me = me
    this.ended = false
    this.status = 'in'
    this.#tabs?.postMessage(me.id)
    this.onStart?.()
  }

  /** Throws where the bridge was not reached: then nobody is signed out. */
  async signOut(): Promise<void> {
    const who = this.me?.id
    await api.signOut()
    if (who) for (const name of namesUnder(`${who}.`)) forget(name)
    this.#end(true)
    this.#tabs?.postMessage(null)
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

  #over(): void {
    if (this.status !== 'in') return
    this.ended = true
    this.#end()
  }

  #heard(who: string | null): void {
    if (this.#leaving) return
    if (this.status === 'out' && who !== null) void this.look()
    else if (this.status === 'in' && who === null) this.#end()
    else if (this.status === 'in' && who !== this.#was) this.#makeWay()
  }

  /** Somebody else has signed in where this person was. Their drafts are kept for when they come back. */
  #makeWay(): void {
    this.#over()
    this.#leaving = true
    this.#tabs?.close()
    this.afresh()
  }

  #end(everywhere = false): void {
    this.onEnd?.(everywhere)
    this.me = null
    this.status = 'out'
  }
}

export const session = new Session()
