// What the person chose for this browser: theme, density, language, shortcuts, whose pictures load. Kept in
// localStorage and read by build/theme-first.js before the first paint. Knows nothing of the account.
import { keep, recall } from './kept'

export type Theme = 'system' | 'light' | 'dark'
export type Density = 'cosy' | 'compact'
export type Language = 'en' | 'ar'

interface Kept {
  theme: Theme
  density: Density
  language: Language
  keysOn: boolean
  keymap: Record<string, string>
  /** The handles whose letters load pictures from elsewhere by themselves. */
  pictures: string[]
}

const fallback: Kept = {
  theme: 'system',
  density: 'cosy',
  language: 'en',
  keysOn: true,
  keymap: {},
  pictures: [],
}

class Prefs {
  #kept = $state<Kept>({ ...fallback, ...recall<Partial<Kept>>('prefs') })

  get theme(): Theme {
    return this.#kept.theme
  }
  set theme(theme: Theme) {
    this.#set({ theme })
    const root = document.documentElement
    if (theme === 'system') delete root.dataset['theme']
    else root.dataset['theme'] = theme
  }

  get density(): Density {
    return this.#kept.density
  }
  set density(density: Density) {
    this.#set({ density })
    const root = document.documentElement
    if (density === 'cosy') delete root.dataset['density']
    else root.dataset['density'] = density
  }

  get language(): Language {
    return this.#kept.language
  }
  set language(language: Language) {
    this.#set({ language })
  }

  get keysOn(): boolean {
    return this.#kept.keysOn
  }
  set keysOn(keysOn: boolean) {
    this.#set({ keysOn })
  }

  get keymap(): Record<string, string> {
    return this.#kept.keymap
  }

  /** Another key for a shortcut; undefined gives the usual one back. */
  remap(shortcut: string, keys: string | undefined): void {
    const others = Object.entries(this.#kept.keymap).filter(([id]) => id !== shortcut)
    const keymap = Object.fromEntries(keys === undefined ? others : [...others, [shortcut, keys]])
    this.#set({ keymap })
  }

  loadsPictures(handle: string): boolean {
    return this.#kept.pictures.includes(handle)
  }
  loadPictures(handle: string, always: boolean): void {
    const others = this.#kept.pictures.filter((other) => other !== handle)
    this.#set({ pictures: always ? [...others, handle] : others })
  }

  #set(change: Partial<Kept>): void {
    this.#kept = { ...this.#kept, ...change }
    keep('prefs', this.#kept)
  }
}

export const prefs = new Prefs()
