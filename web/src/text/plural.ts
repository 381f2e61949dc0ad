// Picks the right form for a number. Each catalogue makes one for its language; "other" is the form that always exists.

export type Forms = Partial<Record<Intl.LDMLPluralRule, string>> & { other: string }

export function plurals(locale: string): (n: number, forms: Forms) => string {
  const rules = new Intl.PluralRules(locale)
  const figures = new Intl.NumberFormat(locale === 'ar' ? 'ar-u-nu-latn' : locale)
  return (n, forms) => (forms[rules.select(n)] ?? forms.other).replace('#', figures.format(n))
}
