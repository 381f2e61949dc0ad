//! Names of the fields of a repeated header, and what stands above it, in lower case, in the order of their
//! languages: as Outlook, Apple Mail, Yahoo and others translate them.

use super::Field;

/// Names of fields.
pub(super) const FIELDS: &[(Field, &str)] = &[
    (Field::From, "
from | von | de | van | da | fra | från | lähettäjä | od | nadawca | odesílatel | odosielateľ | от
от кого | від | від кого | ад | од | feladó | από | kimden | gönderen | expeditor | de la | no | nuo
saatja | kellelt | pošiljatelj | šalje | pošiljalac | шаље | frá | nga | من | المرسل | از | فرستنده
מאת | प्रेषक | द्वारा | จาก | từ | dari | daripada | mula sa | 发件人 | 寄件者 | 寄件人 | 发自 | 差出人 | 送信者
from（差出人） | 보낸사람 | 보낸 사람 | 발신 | 발신자 | remitente | remetente | mittente | expéditeur | absender
afzender | avsender | avsändare | afsender | nork | o | oddaje | пошиљалац | подател | изпратено от
"),
    (Field::Date, "
sent | date | date sent | gesendet | gesendet am | datum | datum/uhrzeit | verzonden | verzonden op
envoyé | envoyé le | date d’envoi | enviado | enviado el | enviado em | enviada | enviada em
enviat | enviat el | fecha | data | data wysłania | inviato | inviata | sendt | dato | skickat
skickades | sänt | lähetetty | päivämäärä | päiväys | pvm | wysłano | wysłane | odesláno | posláno
odoslané | odoslaná | dátum | отправлено | дата | дата отправки | надіслано | відправлено
изпратено | пошлано | послато | poslano | poslato | послано | elküldve | küldve | küldés ideje
στάλθηκε | αποστολή | ημερομηνία | gönderildi | gönderme tarihi | tarih | trimis | trimis la
trimis în | dată | nosūtīts | datums | išsiųsta | saadetud | kuupäev | sent at | sent on
تم الإرسال | تاريخ الإرسال | أرسلت | التاريخ | تاریخ | ارسال شده | נשלח | נשלחה | תאריך | भेजा गया
दिनांक | ส่ง | ส่งเมื่อ | วันที่ | đã gửi | ngày | gửi | dikirim | tanggal | dihantar | tarikh
ipinadala | 发送时间 | 发送日期 | 发件日期 | 日期 | 时间 | 傳送時間 | 寄件日期 | 送信日時 | 日時 | 日付 | 送信日 | 보낸 날짜 | 보낸날짜 | 날짜
보낸 시간 | 보냄 | 发送 | sent date | bidalia | sendt dato | dags | sent: | dërguar
"),
    (Field::To, "
to | an | empfänger | aan | à | a | para | per a | per | destinatario | destinataire | til | till
vastaanottaja | do | adresat | komu | pro | príjemca | кому | до | за | прима | címzett | προς
kime | alıcı | către | kam | kellele | saaja | kellel | za | prima | primatelj | prejemnik | إلى
الى | المستلم | به | گیرنده | אל | प्रति | ถึง | đến | tới | kepada | untuk | para sa | 收件人 | 收件者
宛先 | 宛て | 받는사람 | 받는 사람 | 수신 | 수신자 | nori | për | i | gavėjas | getadresseerden
"),
    (Field::Subject, "
subject | betreff | betr. | betr | onderwerp | objet | sujet | asunto | assunto | assumpte | oggetto
emne | ämne | aihe | temat | předmět | věc | predmet | тема | относно | предмет | naslov | zadeva
tárgy | θέμα | konu | subiect | temats | tema | teema | efni | lënda | الموضوع | موضوع | נושא
הנדון | विषय | เรื่อง | หัวเรื่อง | chủ đề | tiêu đề | subjek | perihal | paksa | 主题 | 主旨 | 件名 | 題名
제목 | gaia | tema: | títol
"),
    (Field::Cc, "
cc | copy | bcc | kopie | kopi | kopio | copie | copie à | copia | cópia | kopia | dw | kopija
копия | копія | másolatot kap | másolat | κοιν | κοινοποίηση | bilgi | نسخة | رونوشت | עותק | 抄送
副本 | 参照 | 참조 | สำเนา | tembusan | sk | kópia | importance | wichtigkeit | priorität | priority
organization | attachments | anlagen
"),
    (Field::ReplyTo, "
reply-to | reply to | antwort an | antwoord aan | répondre à | responder a | responder para
rispondi a | risposta | svar til | svar till | odpowiedz do | odpovědět | ответить | 回复 | 返信先
"),
];

/// What stands between the rules above a block. Other words count where a block follows.
pub(super) const ORIGINAL: &str = "
original message | original email | originalmessage | reply message | ursprüngliche nachricht
original-nachricht | originalnachricht | ursprüngliche mail | originalmeddelelse
oprindelig meddelelse | original meddelelse | opprinnelig melding | ursprungligt meddelande
originalmeddelande | alkuperäinen viesti | oorspronkelijk bericht | origineel bericht
message d'origine | message d’origine | message original | mail original | message initial
mensaje original | mensagem original | missatge original | messaggio originale | mesaj original
mesajul original | wiadomość oryginalna | oryginalna wiadomość | původní zpráva | původní e-mail
pôvodná správa | izvorna poruka | originalna poruka | izvirno sporočilo | исходное сообщение
оригинальное сообщение | пересылаемое сообщение | вихідне повідомлення | оригінальне повідомлення
оригинално съобщение | eredeti üzenet | αρχικό μήνυμα | orijinal mesaj | özgün ileti
orijinal ileti | sākotnējais ziņojums | originalus laiškas | pradinis laiškas | algne sõnum
الرسالة الأصلية | رسالة أصلية | پیام اصلی | ההודעה המקורית | הודעה מקורית | मूल संदेश
ข้อความต้นฉบับ | thư gốc | tin nhắn gốc | pesan asli | mesej asal | 原始邮件 | 原始郵件 | 原邮件 | 原始信息 | 原始訊息
回复的原邮件 | 元のメッセージ | 元のメール | オリジナルメッセージ | original message from | 원본 메시지 | 원본 메일 | 원본메일 | 원본 이메일
jatorrizko mezua | ursprünglichen nachricht
";
