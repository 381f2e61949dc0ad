// English for who a customer is: the addresses of one person, what joined them, and what takes that back. A part of en.ts.
import type { plurals } from './plural'

export const identity = (n: ReturnType<typeof plurals>) => ({
  shared: 'Used by several people: joins nothing',
  share: 'Several people use this …',
  shareTitle: 'An address of several people',
  shareLead:
    'A family’s phone, a shop’s counter. It is never joined to anybody, and what comes from it stays in conversations of its own. You can take this back at any time.',
  shareAct: 'Mark as shared',
  unshare: 'One person uses this',
  sharedNow: 'Marked as shared.',
  unsharedNow: 'No longer shared.',
  lookAlike: 'Looks like another customer’s address',
  mixedScripts: 'Mixes letters of several scripts',

  conflicts: 'Which is right?',
  conflictLead: 'Two records were joined that differ here.',
  fields: { name: 'Name', external_ref: 'Customer number' } as Record<string, string>,
  choose: (value: string) => `Use ${value}`,
  chosen: 'Chosen.',

  suggestions: 'Perhaps the same person',
  reasons: {
    code_returned: 'Sent back a link code, from an address that is not proven',
    same_address: 'The same address, proven for one and only claimed by the other',
    same_on_other: 'The same number or address on another channel',
  } as Record<string, string>,
  look: 'Compare …',
  dismiss: 'Two people',
  dismissed: 'Kept apart.',

  joined: 'Joined records',
  byPerson: (who: string) => `${who} joined them`,
  byCode: (channel: string) => `A link code came back by ${channel}`,
  part: 'Undo',
  partLabel: (what: string) => `Undo: ${what}`,
  parted: 'Taken apart again.',

  earlier: 'Conversations',
  untold: 'Another team’s',
  withTeam: (team: string) => `Team ${team}`,
  states: { open: 'Open', automatic: 'Automatic', closed: 'Closed' } as Record<string, string>,
  more: (c: number) => n(c, { one: 'Show # more', other: 'Show # more' }),

  merge: 'Merge with another record …',
  mergeTitle: 'The same person?',
  findLabel: 'Address, number or customer number of the other record',
  find: 'Find',
  foundNone: 'Nobody whom you may see has this address or number.',
  foundSelf: 'This is the record that you are looking at.',
  stays: 'This record stays',
  goes: 'This one goes into it',
  conversations: (c: number) => n(c, { one: '# conversation', other: '# conversations' }),
  kept: (field: string) => `${field} differs: both are kept until somebody chooses`,
  warnings: {
    unproven: 'One of the addresses is not proven. Whoever can forge it writes into this record from then on.',
    look_alike: 'Two of the addresses look alike and are not the same. Read them letter by letter.',
    shared: 'One of the addresses is shared by several people. It stays marked.',
    blocked: 'A block stays with its own address.',
    opted_out: 'Who wants no messages at an address gets none there afterwards either.',
    said_apart: 'A colleague has said that these are two people.',
  } as Record<string, string>,
  refused: {
    same_contact: 'These two are one record.',
    other_brand: 'The two belong to different brands. Nothing is joined across brands.',
    merged_before: 'One of the two was merged into another record already.',
    erased: 'One of the two was erased.',
    only_shared: 'One of the two is known by a shared address only, which joins nothing.',
  } as Record<string, string>,
  happens:
    'All conversations stand in one timeline. Everybody who sees one of them sees that the others exist. You can undo this: both records stand again as they are now.',
  reason: 'How do you know?',
  mergeAct: 'Merge',
  merged: 'Merged into one record.',
  undo: 'Undo',

  code: 'Make a link code …',
  codeTitle: 'A link code',
  codeLead:
    'Send it to the customer in this conversation. When they write it to us on another channel, both become one record. It works once, until',
  codeWarn: 'Nobody else may have it: whoever sends it is taken for this customer.',
  codeCopy: 'Copy',
  codeCopied: 'Copied.',

  activity: {
    merged: (by: string) => `${by} merged two records of this customer`,
    linked: 'A link code came back: two records are one now',
    parted: (by: string) => `${by} took two records apart again`,
    shared: (by: string) => `${by} marked an address as shared`,
    unshared: (by: string) => `${by}: an address is no longer shared`,
  },
  codeRefused: {
    used: 'The link code in it was used before: nothing was joined',
    expired: 'The link code in it has expired: nothing was joined',
    other_brand: 'The link code in it is another brand’s: nothing was joined',
    same_channel: 'The link code in it came from the customer’s own channel: nothing was joined',
    unproven: 'The link code in it came from an address that is not proven: a person decides',
    barred: 'The link code in it came from a shared or blocked address: nothing was joined',
    differs: 'The link code in it joins two customer numbers: a person decides',
  } as Record<string, string>,
  codeRefusedOther: 'The link code in it joined nothing',
})
