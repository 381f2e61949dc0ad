// Arabic for what stands above a reply that is a letter, and for who gets it. A part of ar.ts.
import type { heading as en } from './heading.en'

export const heading: typeof en = {
  subject: 'الموضوع',
  noSubject: 'بلا موضوع',
  change: (subject) => `الموضوع: ${subject}. تغيير`,
  recipients: 'من سيتلقى هذا الرد',
  to: 'إلى',
  cc: 'نسخة:',
  more: (count) => `${count} آخرون`,
  unproven: (address) => `لم يُثبت \u2066${address}\u2069 هويته: رد هذه المحادثة سيصل إليه أيضًا.`,
  unprovenShort: 'هوية غير مثبتة',
  copyTo: (addresses) => `نسخة إلى ${addresses}`,
  fates: 'ما حدث للرسالة لدى كل مستلم',
  notToAll: 'لم تُرسل إلى الجميع.',
}
