// The playground's catalogue in the chosen language.
import type { Language } from '../state/prefs.svelte'
import type { PlayWords } from './en'

const load: Record<Language, () => Promise<{ default: PlayWords }>> = {
  en: () => import('./en'),
  ar: () => import('./ar'),
}
let catalogue: PlayWords | undefined

export async function speak(language: Language): Promise<void> {
  catalogue = (await load[language]()).default
}

export const p = new Proxy({} as PlayWords, {
  get(_, key) {
    if (!catalogue) throw new Error('The words are not loaded yet')
    return catalogue[key as keyof PlayWords]
  },
})
