// Arabic for what chats have beside their words: dress, answers, groups, reactions, and what a channel can carry.
// A part of ar.ts.
import type { chat as en } from './chat.en'
import type { plurals } from './plural'

export const chat = (n: ReturnType<typeof plurals>): ReturnType<typeof en> => ({
  spoiler: 'نص مخفي. إظهار',
  forwarded: (name) => `محوّلة من ${name}`,
  quotedFile: 'ملف',
  quotedGone: 'سُحبت',
  quotedWordless: 'رسالة بلا كلمات',
  quoted: (name, text) => `رد على ${name}: ${text}`,
  toQuoted: (name, text) => `رد على ${name}: ${text}. الانتقال إليها`,
  reacted: (reaction, names) => `${reaction} من ${names}`,

  kinds: { group: 'مجموعة', public: 'مفتوحة للجميع' },
  wrote: (c) =>
    n(c, {
      one: 'كتب شخص واحد',
      two: 'كتب شخصان',
      few: 'كتب # أشخاص',
      many: 'كتب # شخصًا',
      other: 'كتب # شخص',
    }),
  wroteOrMore: (c) =>
    n(c, {
      one: 'كتب شخص واحد أو أكثر',
      two: 'كتب شخصان أو أكثر',
      few: 'كتب # أشخاص أو أكثر',
      many: 'كتب # شخصًا أو أكثر',
      other: 'كتب # شخص أو أكثر',
    }),

  answer: 'الرد على هذه الرسالة',
  answerOf: (name) => `الرد على هذه الرسالة من ${name}`,
  to: 'إلى',
  answers: 'رد على',
  toWhom: 'الرسالة التي يُرد عليها',
  chooseAnother: 'الرد على رسالة أخرى',
  answersNone: 'دون تحديد رسالة',
  waits: 'تنتظر ردًّا',

  bold: 'غامق',
  italic: 'مائل',
  code: 'شيفرة',
  link: 'رابط',
  format: 'تغيير مظهر النص',
  preview: 'كما سيُرسل',

  can: (channel) => `ما يمكن عبر ${channel} هنا`,
  units: {
    chars: (c) => `${c} حرفًا`,
    utf16: (c) => `${c} حرفًا، ويُحسب الرمز التعبيري باثنين`,
    sms_segments: (c) => `${c} حرفًا، تُرسل في أجزاء`,
  },
  longest: (length) => `نص حتى ${length}.`,
  leftOf: (left, limit) => `بقي ${left} من ${limit}`,
  tooLongFor: (over, limit) => `أطول من اللازم بـ ${over}: يمكن إرسال ${limit}`,
  noFiles: 'لا ملفات.',
  files: (size) => `ملفات حتى ${size} لكل ملف.`,
  filesOf: (size, types) => `ملفات حتى ${size} لكل ملف: ${types}.`,
  onlyTypes: (types) => `يُقبل: ${types}.`,
  types: {
    image: 'صور',
    video: 'مقاطع فيديو',
    audio: 'صوت',
    text: 'ملفات نصية',
    pdf: 'ملفات PDF',
  },
  rich: 'يصل الغامق والمائل والشيفرة والروابط كما هي.',
  plain: 'يصل النص عاديًّا دون غامق أو مائل.',
  quotes: 'يمكن للرد أن يُظهر الرسالة التي يرد عليها.',
  receipts: 'تُبلَّغ حالة التسليم.',
  receiptsRead: 'تُبلَّغ حالة التسليم والقراءة.',
  noReceipts: 'لا تُبلَّغ حالة التسليم: «أُرسلت» هو كل ما يمكن معرفته.',
  noEdits: 'لا يمكن تغيير رسالة أُرسلت.',
  unreachable: (name, channel) => `لا يمكن الوصول إلى ${name} عبر ${channel}. ما يُرسل إلى هناك لن يصل غالبًا.`,
  window: (time) => `يُقبل الرد خلال ${time} بعد آخر رسالة من العميل.`,
  until: (when) => `يمكن الرد حتى ${when}`,
  tooLate: (when) => `انتهت ${when}. حين يكتب العميل مرة أخرى تُقبل من جديد.`,
  hoursLong: (c) => n(c, { one: 'ساعة واحدة', two: 'ساعتين', few: '# ساعات', many: '# ساعة', other: '# ساعة' }),
  minutesLong: (c) => n(c, { one: 'دقيقة واحدة', two: 'دقيقتين', few: '# دقائق', many: '# دقيقة', other: '# دقيقة' }),
})
