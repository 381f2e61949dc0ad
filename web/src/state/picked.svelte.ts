// Which conversations of a list are chosen, to be decided about together. Chosen in one view, and only for as long as
// they stand in it: what leaves the list by anybody's act is no longer chosen.
import { SvelteSet } from 'svelte/reactivity'
import type { View } from '../api/types'
import { queue } from './queue.svelte'

/** As many as the bridge takes at one stroke. */
export const MOST = 200

class Picked {
  readonly #ids = new SvelteSet<string>()
  /** Where a range begins. */
  #from: string | null = null

  /** Whether there is anything to decide about several in a view. */
  can(view: View): boolean {
    return view !== 'closed'
  }

  has(id: string): boolean {
    return this.#ids.has(id)
  }

  /** The chosen ones, in the order of the list. */
  in(view: View): string[] {
    return this.#ids.size === 0 ? [] : queue.views[view].ids.filter((id) => this.#ids.has(id))
  }

  toggle(id: string): void {
    this.#from = id
    if (!this.#ids.delete(id) && this.#ids.size < MOST) this.#ids.add(id)
  }

  /** Chooses everything from where the last one was chosen to this one. */
  to(view: View, id: string): void {
    const { ids } = queue.views[view]
    const [from, to] = [ids.indexOf(this.#from ?? id), ids.indexOf(id)]
    if (to < 0) return
    const [first, last] = from < 0 ? [to, to] : [Math.min(from, to), Math.max(from, to)]
    this.#add(ids.slice(first, last + 1))
    this.#from ??= id
  }

  /** Chooses all that the list shows, as far as they can be decided about at one stroke. */
  all(view: View): void {
    this.#add(queue.views[view].ids)
  }

  /** Chooses these no longer: it is decided about them. Those that were left stay chosen. */
  drop(ids: string[]): void {
    for (const id of ids) this.#ids.delete(id)
  }

  clear(): void {
    this.#ids.clear()
    this.#from = null
  }

  #add(ids: string[]): void {
    for (const id of ids) if (this.#ids.size < MOST) this.#ids.add(id)
  }
}

export const picked = new Picked()
