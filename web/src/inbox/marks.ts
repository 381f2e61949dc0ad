// Which of a message's flags are marks of a letter, and how loudly each speaks.
import type { Message } from '../api/types'
import { t } from '../text/index.svelte'

export type Tone = 'late' | 'unconfirmed' | ''

/** What a person should look at twice, and what was not read whole. The others say of what kind it is. */
const TONES: Record<string, Tone> = {
  disproved: 'late',
  several_senders: 'late',
  address_in_name: 'late',
  confusable: 'late',
  suspected: 'late',
  damaged: 'unconfirmed',
  encrypted: 'unconfirmed',
  bounce: 'unconfirmed',
  complaint: 'unconfirmed',
}

/** What kind of machine wrote, in words. */
const KINDS = [
  'out_of_office',
  'bounce',
  'delayed',
  'receipt',
  'complaint',
  'list',
  'newsletter',
  'challenge',
  'ticket',
  'echo',
  'machine',
]

const words = (flag: string): string | undefined =>
  Object.hasOwn(t.letter.marks, flag) ? t.letter.marks[flag] : undefined

export const marksOf = (m: Message): { flag: string; text: string; tone: Tone }[] =>
  m.flags.flatMap((flag) => {
    const text = words(flag)
    return text === undefined ? [] : [{ flag, text, tone: TONES[flag] ?? '' }]
  })

/** The teams to whom the same was written. */
export const alsoWrittenTo = (m: Message): string[] =>
  m.flags.filter((flag) => flag.startsWith('also_written:')).map((flag) => flag.slice('also_written:'.length))

/** Whether it is shown as a quiet row: a machine's letter, that asks nothing of anybody. */
export const isQuiet = (m: Message): boolean =>
  m.kind === 'inbound' && m.unanswerable === 'automatic_mail' && !!m.letter && m.hidden === null

export const kindOf = (m: Message): string => words(KINDS.find((kind) => m.flags.includes(kind)) ?? '') ?? t.autoReply
