// Arabic for an associate's own ways in. A part of ar.ts.
import type { ways as english } from './ways.en'

export const ways: typeof english = {
  title: 'خط مباشر إليك',
  lead: 'من يأتي عبر بطاقتك أو رابطك أو كلمتك يكون معك من أول رسالة.',
  make: 'إنشاء بطاقتي',
  word: 'كلمتك',
  wordHint: 'يمكن للعملاء أيضًا كتابتها في أي موضع من رسالتهم الأولى.',
  none: 'لا يوجد حاليًا أي صندوق له مدخل. سيظهر هنا عند اتصال أحدها.',
  copy: (inbox: string) => `نسخ رابط ${inbox}`,
  code: (inbox: string) => `رمز يفتح ${inbox}`,
  write: (word: string) => `ثم اكتب ${word}`,
  print: 'طباعة البطاقة',
  card: 'راسلني',
  cardLead: (word: string) => `امسح رمز القناة التي تفضلها، أو اذكر ${word}.`,
  end: 'إنهاء الكلمة…',
  endTitle: 'إنهاء كلمتك؟',
  endLead:
    'البطاقات والروابط الموزعة ستوصل العملاء إلى المتجر، لكن ليس إليك. من أتوا عبرها يبقون معك. لا يمكن التراجع: الكلمة الجديدة تكون مختلفة.',
  endAct: 'إنهاء الكلمة',
  ended: 'انتهت كلمتك',
  failed: 'تعذّر جلب بطاقتك.',
  cameBy: (name: string) => `جاء عبر بطاقة ${name}، ويعرفه من الآن فصاعدًا`,
  cameByYou: 'جاء عبر بطاقتك: يعرفك من الآن فصاعدًا',
  cameByEnded: (name: string) => `جاء عبر بطاقة منتهية لـ ${name}`,
}
