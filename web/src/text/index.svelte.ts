// The words of the interface: one catalogue a language, loaded when it is needed, and dates and numbers through Intl.
// `t` is the current catalogue; reading it in a component follows a change of language. Catalogues are en.ts, ar.ts.
import type { Catalogue } from './en'
import type { Language } from '../state/prefs.svelte'

interface Tongue {
  name: string
  dir: 'ltr' | 'rtl'
  /** For Intl: Latin figures everywhere, so that order numbers and times read alike. */
  locale: string
  load: () => Promise<{ default: Catalogue }>
}

export const LANGUAGES: Record<Language, Tongue> = {
  en: { name: 'English', dir: 'ltr', locale: 'en-GB', load: () => import('./en') },
  ar: { name: 'العربية', dir: 'rtl', locale: 'ar-u-nu-latn', load: () => import('./ar') },
}

class Words {
  language = $state<Language>('en')
  catalogue = $state.raw<Catalogue | null>(null)

  get locale(): string {
    return LANGUAGES[this.language].locale
  }
  get dir(): 'ltr' | 'rtl' {
    return LANGUAGES[this.language].dir
  }

  async use(language: Language): Promise<void> {
    const { default: catalogue } = await LANGUAGES[language].load()
    this.language = language
    this.catalogue = catalogue
    document.documentElement.lang = language
    document.documentElement.dir = LANGUAGES[language].dir
  }
}

export const words = new Words()

export const t = new Proxy({} as Catalogue, {
  get(_, key) {
    if (!words.catalogue) throw new Error('The words are not loaded yet: await words.use(language) first')
    return words.catalogue[key as keyof Catalogue]
  },
})
