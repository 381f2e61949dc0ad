// Arabic for what associates do with each other over a conversation. A part of ar.ts.
import type { together as english } from './together.en'
import type { plurals } from './plural'

export const together = (n: ReturnType<typeof plurals>): ReturnType<typeof english> => {
  const many = (c: number) =>
    n(c, { one: 'محادثة واحدة', two: 'محادثتان', few: '# محادثات', many: '# محادثة', other: '# محادثة' })
  return {
    snooze: 'تأجيل…',
    snoozeTitle: (c) => (c === 1 ? 'إلى متى التأجيل؟' : `إلى متى تأجيل ${many(c)}؟`),
    snoozeLead: 'للجميع. تعود في وقتها، أو حين يكتب العميل.',
    snoozeAct: 'تأجيل',
    hours: (c) =>
      n(c, { one: 'بعد ساعة', two: 'بعد ساعتين', few: 'بعد # ساعات', many: 'بعد # ساعة', other: 'بعد # ساعة' }),
    tomorrow: 'غدًا',
    nextMonday: 'الإثنين القادم',
    pickMoment: 'في وقت تختاره',
    moment: 'التاريخ والوقت',
    momentPast: 'اختر وقتًا قادمًا خلال سنة.',
    late: (when) => `موعد الرد ${when}. يبقى الموعد كما هو، وسيتأخر الرد.`,
    lateMany: 'موعد الرد قبل ذلك. يبقى الموعد كما هو، وسيتأخر الرد.',
    lateAct: 'التأجيل رغم ذلك',
    wake: 'إعادتها الآن',
    snoozedUntil: (when) => `مؤجلة حتى ${when}`,
    snoozedLead: 'للجميع، أو حتى يكتب العميل.',
    snoozedGroup: 'المؤجلة',
    snoozedHint: 'الأقرب عودة أولًا',
    emptySnoozed: 'لا شيء مؤجل',
    emptySnoozedLead: 'ما يُؤجَّل ينتظر هنا ويعود من نفسه.',
    emptySnoozedAct: 'العودة إلى عملائك',

    mentionsGroup: 'ذُكرت هنا',
    mentionsCount: (c) => `الإشارات إليك: ${many(c)}`,
    named: 'أُشير إليك',
    names: (people) => `إشارة إلى ${people}`,
    nameList: 'الإشارة إلى زميل',
    emptyMentions: 'لم يُشر إليك أحد',
    emptyMentionsLead: 'هنا المحادثات التي أُشير إليك في ملاحظاتها.',
    emptyMentionsAct: 'العودة إلى عملائك',

    transfer: 'تحويل…',
    transferTitle: (name) => `تحويل ${name}`,
    transferTo: 'إلى',
    transferNote: 'ما يجب أن يعرفه المستلم',
    transferNoteHint: 'ما يريده العميل، وما وعدت به.',
    transferAct: 'تحويل',
    transferNoNote: 'اكتب ما يجب أن يعرفه المستلم.',
    transferNoOne: 'اختر المستلم.',
    transferred: (to) => `حُوّلت إلى ${to}.`,
    transferNewer: 'وصلت رسالة في هذه الأثناء. هل تحوّلها رغم ذلك؟',
    handedTo: (by) => `حوّل ${by} هذه إليك:`,

    viewing: (people, c) => n(c, { one: `${people} يشاهد المحادثة`, other: `${people} يشاهدون المحادثة` }),
    replying: (people, c) => n(c, { one: `${people} يكتب ردًّا`, other: `${people} يكتبون ردودًا` }),
    replyingToo: (people, c) =>
      n(c, {
        one: `${people} يكتب ردًّا أيضًا. سترى رده قبل أن يخرج ردك.`,
        other: `${people} يكتبون ردودًا أيضًا. سترى ردودهم قبل أن يخرج ردك.`,
      }),
    bulkAssign: 'إسناد…',

    done: {
      assign: (c) => `أُسندت ${many(c)}.`,
      transfer: (c) => `حُوّلت ${many(c)}.`,
      snooze: (c) => `أُجّلت ${many(c)}.`,
      wake: (c) => `عادت ${many(c)} إلى القوائم الأخرى.`,
    },
    activity: {
      transferred: (by, to) => `حوّلها ${by} إلى ${to}`,
      snoozed: (by, when) => `أجّلها ${by} حتى ${when}`,
      snoozedLate: (by, when) => `أجّلها ${by} حتى ${when}، بعد موعد الرد`,
      woken: (by) => `أعادها ${by} من التأجيل`,
      wokenAlone: 'عادت من التأجيل',
      taken_back: {
        assign: (by) => `${by}: تراجُع عن الإسناد`,
        transfer: (by) => `${by}: تراجُع عن التحويل`,
        snooze: (by) => `${by}: تراجُع عن التأجيل`,
        wake: (by) => `${by}: مؤجلة في النهاية`,
      },
    },
  }
}
