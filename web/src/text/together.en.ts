// English for what associates do with each other over a conversation. A part of en.ts.
import type { plurals } from './plural'

export const together = (n: ReturnType<typeof plurals>) => ({
  // Put off
  snooze: 'Snooze…',
  snoozeTitle: (c: number) => n(c, { one: 'Snooze until when?', other: 'Snooze these # until when?' }),
  snoozeLead: 'For everybody. It comes back on time, or as soon as the customer writes.',
  snoozeAct: 'Snooze',
  hours: (c: number) => n(c, { one: 'In an hour', other: 'In # hours' }),
  tomorrow: 'Tomorrow',
  nextMonday: 'Next Monday',
  pickMoment: 'At a time of your choice',
  moment: 'Date and time',
  momentPast: 'Choose a moment in the future, within a year.',
  late: (when: string) => `A reply is due ${when}. It stays due, and will be late.`,
  lateMany: 'A reply is due before that. It stays due, and will be late.',
  lateAct: 'Snooze all the same',
  wake: 'Wake now',
  snoozedUntil: (when: string) => `Snoozed until ${when}`,
  snoozedLead: 'For everybody, or until the customer writes.',
  snoozedGroup: 'Snoozed',
  snoozedHint: 'next to wake first',
  emptySnoozed: 'Nothing snoozed',
  emptySnoozedLead: 'What is put off waits here and comes back by itself.',
  emptySnoozedAct: 'Back to your customers',

  // Named in notes
  mentionsGroup: 'You are named here',
  mentionsCount: (c: number) => n(c, { one: '# mention', other: '# mentions' }),
  named: 'Named you',
  names: (people: string) => `Names ${people}`,
  nameList: 'Name a colleague',
  emptyMentions: 'Nobody has named you',
  emptyMentionsLead: 'Conversations in whose notes you are named stand here.',
  emptyMentionsAct: 'Back to your customers',

  // Handed over
  transfer: 'Transfer…',
  transferTitle: (name: string) => `Transfer ${name}`,
  transferTo: 'To',
  transferNote: 'What they have to know',
  transferNoteHint: 'What the customer wants, and what you promised.',
  transferAct: 'Transfer',
  transferNoNote: 'Write what they have to know.',
  transferNoOne: 'Choose who gets it.',
  transferred: (to: string) => `Transferred to ${to}.`,
  transferNewer: 'Somebody wrote meanwhile. Transfer it all the same?',
  handedTo: (by: string) => `${by} handed this to you:`,

  // Who is here
  viewing: (people: string, c: number) => n(c, { one: `${people} is viewing`, other: `${people} are viewing` }),
  replying: (people: string, c: number) => n(c, { one: `${people} is replying`, other: `${people} are replying` }),
  replyingToo: (people: string, c: number) =>
    n(c, {
      one: `${people} is replying too. You will see that reply before yours leaves.`,
      other: `${people} are replying too. You will see their replies before yours leaves.`,
    }),
  bulkAssign: 'Assign…',

  done: {
    assign: (c: number) => n(c, { one: '1 assigned.', other: '# assigned.' }),
    transfer: (c: number) => n(c, { one: '1 transferred.', other: '# transferred.' }),
    snooze: (c: number) => n(c, { one: '1 snoozed.', other: '# snoozed.' }),
    wake: (c: number) => n(c, { one: '1 is back among the others.', other: '# are back among the others.' }),
  },
  activity: {
    transferred: (by: string, to: string) => `${by} transferred this to ${to}`,
    snoozed: (by: string, when: string) => `${by} snoozed this until ${when}`,
    snoozedLate: (by: string, when: string) => `${by} snoozed this until ${when}, past the time the reply is due`,
    woken: (by: string) => `${by} woke this`,
    wokenAlone: 'Back from snooze',
    taken_back: {
      assign: (by: string) => `${by} took the assignment back`,
      transfer: (by: string) => `${by} took the transfer back`,
      snooze: (by: string) => `${by} took the snooze back`,
      wake: (by: string) => `${by}: snoozed after all`,
    },
  },
})
