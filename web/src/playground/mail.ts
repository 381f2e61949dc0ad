// Letters as a mail program sorts and quotes them. Pure: knows neither the page nor the provider.

export interface Person {
  name: string
  address: string
}

/** A letter in a customer's mailbox. */
export interface Letter {
  id: string
  customer: string
  written_here: boolean
  waiting: boolean
  at: number
  from: Person
  to: Person[]
  copies: Person[]
  subject: string
  text: string
  automatic: boolean
  files: { name: string; size: number }[]
  /** Its Message-ID, and those of the letters that it answers. */
  name: string | null
  follows: string[]
}

/** Letters that answer each other, oldest first. */
export interface Thread {
  id: string
  subject: string
  letters: Letter[]
}

/** Threads with the latest first. A letter belongs where one that it answers lies: a subject joins nothing. */
export function threads(letters: Letter[]): Thread[] {
  const found: Thread[] = []
  const byName = new Map<string, Thread>()
  for (const letter of letters.toSorted((a, b) => a.at - b.at)) {
    let thread = letter.follows.map((name) => byName.get(name)).find((known) => known !== undefined)
    if (!thread) found.push((thread = { id: letter.id, subject: letter.subject, letters: [] }))
    thread.letters.push(letter)
    for (const name of [letter.name, ...letter.follows]) if (name) byName.set(name, thread)
  }
  const latest = (thread: Thread) => thread.letters.at(-1)?.at ?? 0
  return found.toSorted((a, b) => latest(b) - latest(a))
}

/** "Re: " and the subject, once. */
export const answering = (subject: string): string => (/^re:/i.test(subject) ? subject : `Re: ${subject}`)

/** What is answered, below a line that says whose it is. */
export function quoted(text: string, head: string): string {
  const lines = text.split('\n').map((line) => (line.startsWith('>') ? `>${line}` : `> ${line}`.trimEnd()))
  return `\n\n${head}\n${lines.join('\n')}`
}

/** A text in turns: what its writer wrote, and what is quoted, without its signs. */
export function turns(text: string): { quote: boolean; text: string }[] {
  const found: { quote: boolean; text: string }[] = []
  for (const line of text.split('\n')) {
    const quote = line.startsWith('>')
    const said = quote ? line.replace(/^> ?/, '') : line
    const last = found.at(-1)
    if (last?.quote === quote) last.text += `\n${said}`
    else found.push({ quote, text: said })
  }
  return found.map((turn) => ({ ...turn, text: turn.text.replace(/^\n+|\s+$/g, '') })).filter((turn) => turn.text)
}

/** The first words of what its writer wrote, without the line that names whom it quotes. */
export function snippet(letter: Letter): string {
  const own = turns(letter.text).find((turn) => !turn.quote)
  return (own?.text.split('\n\n')[0] ?? '').replace(/\s+/g, ' ').slice(0, 140)
}
