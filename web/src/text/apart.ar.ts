// Arabic for what stands apart from the queue, and for deciding about many at once. A part of ar.ts.
import type { apart as english } from './apart.en'
import type { plurals } from './plural'

export const apart = (n: ReturnType<typeof plurals>): ReturnType<typeof english> => {
  const many = (c: number) =>
    n(c, { one: 'محادثة واحدة', two: 'محادثتان', few: '# محادثات', many: '# محادثة', other: '# محادثة' })
  const left = (c: number, why: string) => `لم تتغير ${many(c)}: ${why}.`
  return {
    suspectedCount: (c) => `مشتبه بها: ${many(c)}`,
    chip: 'مشتبه بها',
    suspectedSays: 'عُدّت رسالة مزعجة.',
    suspectedLead: 'هي محفوظة، ويُنتظر الرد عليها كغيرها.',
    automaticSays: 'رسالة آلية: لا يُنتظر رد عليها.',
    release: 'ليست مشتبهًا بها',
    suspect: 'وضعها مع المشتبه بها',
    owe: 'تحتاج إلى رد',
    setAside: 'تنحية',

    pick: 'اختيار',
    pickOne: (name) => `اختيار ${name}`,
    picked: (c) => `اختيرت ${many(c)}`,
    pickAll: (c) => `اختيار كل المعروض (${c})`,
    pickNone: 'إلغاء الاختيار',
    bar: 'المحادثات المختارة',
    reasons: 'لا حاجة إلى رد، لأن …',
    whyTitle: (c) => `لماذا لا حاجة إلى رد؟ (${many(c)})`,

    done: {
      waive: (c) => `لا حاجة إلى رد: ${many(c)}.`,
      close: (c) => `نُحّيت ${many(c)}.`,
      release: (c) => `عادت ${many(c)} إلى القوائم الأخرى.`,
      suspect: (c) => `صارت مع المشتبه بها: ${many(c)}.`,
      owe: (c) => `صارت بانتظار رد: ${many(c)}.`,
    },
    takenBack: (c) => `تم التراجع: ${many(c)}.`,
    tooLate: 'فات الأوان: التراجع ممكن خلال عشر دقائق.',
    left: {
      nothing_owed: (c) => left(c, 'لم يكن يُنتظر رد'),
      reply_owed: (c) => left(c, 'ما زال الرد منتظرًا'),
      past_due: (c) => left(c, 'موعد الرد قبل ذلك'),
      newer_message: (c) => left(c, 'وصلت رسالة من العميل في هذه الأثناء'),
      answered: (c) => left(c, 'أُجيب عنها بعد ذلك'),
      changed: (c) => left(c, 'اتُّخذ قرار آخر بعد ذلك'),
      unchanged: (c) => left(c, 'كانت كذلك من قبل'),
      not_found: (c) => left(c, 'صارت لدى أحد الزملاء'),
    },

    activity: {
      suspected: (by) => `وضعها ${by} مع المشتبه بها`,
      not_suspected: (by) => `${by}: ليست مشتبهًا بها`,
      owed: (by) => `${by}: تحتاج إلى رد`,
      taken_back: {
        waive: (by) => `${by}: تراجُع عن عدم الحاجة إلى رد`,
        close: (by) => `${by}: تراجُع عن الإغلاق`,
        release: (by) => `${by}: مشتبه بها في النهاية`,
        suspect: (by) => `${by}: ليست مشتبهًا بها في النهاية`,
        owe: (by) => `${by}: لا تحتاج إلى رد في النهاية`,
      },
    },
  }
}
