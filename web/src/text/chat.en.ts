// English for what chats have beside their words: dress, answers, groups, reactions, and what a channel can carry.
// A part of en.ts.
import type { plurals } from './plural'

export const chat = (n: ReturnType<typeof plurals>) => ({
  spoiler: 'Hidden text. Show it',
  forwarded: (name: string) => `Forwarded from ${name}`,
  /** What a message without words is, where another one answers it. */
  quotedFile: 'A file',
  quotedGone: 'Taken back',
  quotedWordless: 'A message without words',
  quoted: (name: string, text: string) => `Answers ${name}: ${text}`,
  toQuoted: (name: string, text: string) => `Answers ${name}: ${text}. Go there`,
  reacted: (reaction: string, names: string) => `${reaction} by ${names}`,

  kinds: { group: 'Group', public: 'Open to anybody' } as Record<string, string>,
  wrote: (c: number) => n(c, { one: '# person wrote', other: '# people wrote' }),
  wroteOrMore: (c: number) => n(c, { one: '# person or more wrote', other: '# people or more wrote' }),

  answer: 'Answer this message',
  answerOf: (name: string) => `Answer this message of ${name}`,
  to: 'To',
  answers: 'Answers',
  toWhom: 'Whose message this answers',
  chooseAnother: 'Answer another message',
  answersNone: 'Answer none in particular',
  waits: 'waits for an answer',

  bold: 'Bold',
  italic: 'Italic',
  code: 'Code',
  link: 'Link',
  format: 'Make the text look different',
  preview: 'As it will be sent',

  can: (channel: string) => `What ${channel} can do here`,
  units: {
    chars: (c: string) => `${c} characters`,
    utf16: (c: string) => `${c} characters, emoji counting as two`,
    sms_segments: (c: string) => `${c} characters, sent in parts`,
  },
  longest: (length: string) => `Text up to ${length}.`,
  leftOf: (left: string, limit: string) => `${left} of ${limit} left`,
  tooLongFor: (over: string, limit: string) => `${over} too long: ${limit} can be sent`,
  noFiles: 'No files.',
  files: (size: string) => `Files up to ${size} each.`,
  filesOf: (size: string, types: string) => `Files up to ${size} each: ${types}.`,
  onlyTypes: (types: string) => `It takes ${types}.`,
  types: {
    image: 'pictures',
    video: 'videos',
    audio: 'sound',
    text: 'text files',
    pdf: 'PDF files',
  },
  rich: 'Bold, italics, code and links arrive as such.',
  plain: 'Text arrives plain, without bold or italics.',
  quotes: 'An answer can show which message it answers.',
  receipts: 'It reports deliveries.',
  receiptsRead: 'It reports deliveries, and what was read.',
  noReceipts: 'It reports no deliveries: “Sent” is all that can be known.',
  noEdits: 'A sent message can’t be changed.',
  unreachable: (name: string, channel: string) =>
    `${name} can’t be reached by ${channel}. What is sent there will hardly arrive.`,
  window: (time: string) => `An answer is taken until ${time} after the customer’s last message.`,
  until: (when: string) => `Can be answered until ${when}`,
  tooLate: (when: string) => `That ended ${when}. When they write again, it takes them again.`,
  hoursLong: (c: number) => n(c, { one: '# hour', other: '# hours' }),
  minutesLong: (c: number) => n(c, { one: '# minute', other: '# minutes' }),
})
