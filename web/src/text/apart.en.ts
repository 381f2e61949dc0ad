// English for what stands apart from the queue, and for deciding about many at once. A part of en.ts.
import type { plurals } from './plural'

export const apart = (n: ReturnType<typeof plurals>) => {
  const left = (c: number, why: string) => n(c, { one: `1 was left: ${why}.`, other: `# were left: ${why}.` })
  return {
    suspectedCount: (c: number) => n(c, { one: '# suspected', other: '# suspected' }),
    chip: 'Suspected',
    suspectedSays: 'Taken for spam.',
    suspectedLead: 'It is kept, and owed an answer like any other.',
    automaticSays: 'Written by a machine: nobody owes it an answer.',
    release: 'Not suspected',
    suspect: 'Mark as suspected',
    owe: 'It needs an answer',
    setAside: 'Set aside',

    // Choosing several
    pick: 'Choose',
    pickOne: (name: string) => `Choose ${name}`,
    picked: (c: number) => n(c, { one: '# chosen', other: '# chosen' }),
    pickAll: (c: string) => `Choose all ${c} shown`,
    pickNone: 'Choose none',
    bar: 'The chosen conversations',
    reasons: 'No answer needed, because …',
    whyTitle: (c: number) => n(c, { one: 'Why does it need no answer?', other: 'Why do these # need no answer?' }),

    // What became of it
    done: {
      waive: (c: number) => n(c, { one: '1 needs no answer.', other: '# need no answer.' }),
      close: (c: number) => n(c, { one: '1 set aside.', other: '# set aside.' }),
      release: (c: number) => n(c, { one: '1 is back among the others.', other: '# are back among the others.' }),
      suspect: (c: number) => n(c, { one: '1 stands in Suspected now.', other: '# stand in Suspected now.' }),
      owe: (c: number) => n(c, { one: '1 waits for an answer now.', other: '# wait for an answer now.' }),
    },
    takenBack: (c: number) => n(c, { one: 'Taken back.', other: '# taken back.' }),
    tooLate: 'Too late: this can be taken back for ten minutes.',
    left: {
      nothing_owed: (c: number) => left(c, 'no answer was owed'),
      reply_owed: (c: number) => left(c, 'an answer is owed'),
      past_due: (c: number) => left(c, 'an answer is due before that'),
      newer_message: (c: number) => left(c, 'the customer wrote meanwhile'),
      answered: (c: number) => left(c, 'somebody has answered since'),
      changed: (c: number) => left(c, 'somebody decided otherwise since'),
      unchanged: (c: number) => left(c, 'it was so already'),
      not_found: (c: number) => left(c, 'a colleague has it now'),
    },

    activity: {
      suspected: (by: string) => `${by} marked this as suspected`,
      not_suspected: (by: string) => `${by}: not suspected`,
      owed: (by: string) => `${by}: this needs an answer`,
      taken_back: {
        waive: (by: string) => `${by} took back that no answer is needed`,
        close: (by: string) => `${by} took the closing back`,
        release: (by: string) => `${by}: suspected after all`,
        suspect: (by: string) => `${by}: not suspected after all`,
        owe: (by: string) => `${by}: needs no answer after all`,
      },
    },
  }
}
