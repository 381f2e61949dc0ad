//! Words by which signatures are known, in lower case, in the order of their languages.
//!
//! To add a language, add its words to each table and a line to the tests.

/// Legal and technical notes: a paragraph with one of these is no word of the writer.
pub(super) const NOTES: &str = "
intended solely for | intended only for | intended recipient | this email and any attachment
this e-mail and any attachment | this message and any attachment | confidentiality notice
confidential and may be | confidential and intended | privileged and confidential
received this email in error | received this e-mail in error | received this message in error
received this communication in error | please consider the environment | think before you print
save a tree | before printing this e | scanned for viruses | checked for viruses
registered in england | company registration | company number | vertrauliche informationen
vertraulich und | ausschließlich für den | nicht der richtige adressat
nicht der richtige empfänger | irrtümlich erhalten | rechtlich geschützte informationen
denken sie an die umwelt | bevor sie diese | sitz der gesellschaft | amtsgericht | handelsregister
geschäftsführer: | ust-id | ce message et toutes les pièces | ce message est confidentiel
informations confidentielles | reçu ce message par erreur | reçu ce courriel par erreur
exclusivement à l'attention | pensez à l'environnement | pensez à l’environnement | avant d'imprimer
avant d’imprimer | este mensaje y sus archivos | este mensaje va dirigido
este correo electrónico es confidencial | información confidencial
ha recibido este mensaje por error | ha recibido este correo por error | antes de imprimir
protección de datos | esta mensagem e seus anexos | esta mensagem pode conter
informações confidenciais | recebeu esta mensagem por engano | confidencial e destina-se
pense no meio ambiente | pense no ambiente | questo messaggio è confidenziale
questo messaggio e i suoi allegati | informazioni riservate | informazioni confidenziali
ricevuto questo messaggio per errore | ai sensi del d.lgs | gdpr 2016/679 | prima di stampare
rispetta l'ambiente | privo di virus | controllata da antivirus | controllato da antivirus
antivirus avast | www.avast.com | www.avg.com | avast antivirus | dit bericht is uitsluitend bestemd
dit bericht kan vertrouwelijke | deze e-mail en eventuele bijlagen | vertrouwelijke informatie
ten onrechte ontvangen | denk aan het milieu | denne e-mail kan indeholde | fortrolige oplysninger
fortrolig informasjon | denna e-post kan innehålla | konfidentiell information | avsedd endast för
tänk på miljön | tämä viesti on tarkoitettu | luottamuksellis | tænk på miljøet
wiadomość zawiera informacje poufne | informacje poufne | niniejsza wiadomość
przeznaczona wyłącznie dla | otrzymali państwo tę wiadomość przez pomyłkę | krs:
tato zpráva a všechny | důvěrné informace | táto správa a všetky | dôverné informácie
ez az üzenet bizalmas | bizalmas információ | acest mesaj este confidențial
informații confidențiale | конфиденциальн | предназначено исключительно | конфіденційн
поверителна информация | εμπιστευτικές πληροφορίες | αποκλειστικά για τον παραλήπτη | gizli bilgi
bu e-posta ve ekleri | bu mesaj ve ekleri | yalnızca gönderildiği kişi | 本邮件及其附件 | 保密信息 | 机密信息 | 本郵件
機密資訊 | 本メールには機密 | 本電子メール | 誤って受信 | 본 메일은 | 본 이메일 | 기밀 정보 | سرية | المعلومات الواردة في هذه الرسالة
מידע חסוי | הודעה זו מיועדת
";

/// The foot of a mailing list.
pub(super) const LISTS: &str = "
mailing list | unsubscribe | listinfo | mailman | to stop receiving | groups.google.com
you received this message because
";

/// Closing formulas, as they begin.
pub(super) const CLOSINGS: &str = "
regards | best regards | kind regards | kindest regards | warm regards | best wishes | best | cheers
thanks | thank you | many thanks | sincerely | yours | with regards | all the best | respectfully
cordially | br | rgds | greetings | mit freundlichen grüßen | mit freundlichem gruß
mit freundlichen grüssen | freundliche grüße | freundliche grüsse | viele grüße | viele grüsse
beste grüße | liebe grüße | schöne grüße | herzliche grüße | gruß | grüße | mfg | lg | vg | danke
besten dank | vielen dank | hochachtungsvoll | cordialement | bien cordialement | bien à vous
salutations | sincères salutations | meilleures salutations | merci | cdlt | bonne journée
amicalement | respectueusement | un saludo | saludos | atentamente | cordialmente | gracias
muchas gracias | un cordial saludo | atte | salutacions | atenciosamente | cumprimentos
com os melhores cumprimentos | melhores cumprimentos | abraço | abraços | obrigado | obrigada | att
cordiali saluti | distinti saluti | saluti | un saluto | grazie | buona giornata | grazie mille
met vriendelijke groet | met vriendelijke groeten | vriendelijke groet | groeten | groetjes | mvg
bedankt | hartelijke groet | hoogachtend | med venlig hilsen | venlig hilsen | de bedste hilsner
mvh | vh | hilsen | med vennlig hilsen | vennlig hilsen | med vänlig hälsning
med vänliga hälsningar | vänliga hälsningar | hälsningar | vänligen | tack | tak | takk
ystävällisin terveisin | terveisin | yst. terv | kiitos | parhain terveisin | pozdrawiam
z poważaniem | dziękuję | z wyrazami szacunku | pozdrowienia | s pozdravem | s přátelským pozdravem
děkuji | s pozdravom | ďakujem | lep pozdrav | lijep pozdrav | srdačan pozdrav | pozdrav | hvala
s poštovanjem | s spoštovanjem | с уважением | спасибо | с наилучшими | всего доброго | з повагою
дякую | с уважение | поздрави | срдачан поздрав | со почит | üdvözlettel | köszönettel
tisztelettel | köszönöm | με εκτίμηση | ευχαριστώ | χαιρετισμούς | φιλικά | saygılarımla | saygılar
teşekkürler | iyi çalışmalar | teşekkür ederim | cu stimă | cu respect | mulțumesc | toate cele bune
ar cieņu | pagarbiai | lugupidamisega | tervitades | مع خالص التحية | مع التحية | تحياتي | شكرا
وتفضلوا | با احترام | با تشکر | בברכה | תודה | בכבוד רב | सादर | धन्यवाद | ขอแสดงความนับถือ | ขอบคุณ
trân trọng | cảm ơn | salam | hormat kami | terima kasih | lubos na gumagalang | 此致 | 祝好 | 谢谢 | 謝謝
顺祝 | 敬具 | よろしくお願い | 宜しくお願い | 以上 | 감사합니다 | 드림
";

/// How a line begins that names what sends a few words later.
pub(super) const SENT: &str = "
sent | enviado | enviada | inviato | inviata | envoyé | envoyée | expédié | gesendet | verzonden
verstuurd | skickat | skickades | sendt | lähetetty | wysłano | wysłane | przesłano | odesláno
odoslané | poslano | poslato | послано | отправлено | отправлен | надіслано | відправлено
изпратено | пратено | trimis | trimisă | στάλθηκε | απεστάλη | εστάλη | dikirim | dihantar
terkirim | được gửi | gửi | enviat | bidalia | elküldve | küldve | saadetud | nosūtīts | išsiųsta
ipinadala | diese nachricht wurde | diese e-mail wurde | diese mail wurde | this message was sent
this email was sent | this e-mail was sent | ce message a été envoyé | cet e-mail a été envoyé
ce courriel a été envoyé | este mensaje fue enviado | este mensaje ha sido enviado
este correo ha sido enviado | esta mensagem foi enviada | questo messaggio è stato inviato
deze e-mail is verzonden | detta meddelande skickades | denne mail er sendt
";

/// How a line ends that names what sends before. Patterns.
pub(super) const SENT_LAST: &str = "
gönderildi | gönderilmiştir | gönderilen | から送信 | より送信 | からの送信 | から送信されました | で送信 | を使用して送信 | 에서 보냄
에서 보낸 | 에서 전송 | 에서 보냈습니다 | 傳送 | 发送 | 寄出 | küldve | küldött | küldtem | से भेजा गया | भेजा गया
से भेजी | ارسال شد | lähetetty | gesendet | verzonden | verstuurd | verschickt | sendt | skickat
geschrieben
";

/// How a short line begins that names what sends.
pub(super) const SENT_FROM: &str = "
发自 | 發自 | 從我的 | 从我的 | 来自 | 來自 | 나의 | 내 | נשלח מ | ارسل من | أرسلت من | أُرسلت من | مرسل من
تم الإرسال من | أرسل من | ارسال از | ارسال‌شده از | फ़ोन | मेरे | ส่งจาก | ส่งมาจาก | được gửi từ | đã gửi từ
gửi từ | εστάλη από | στάλθηκε από | отправлено из | отправлено с | отправлено от | надіслано з
iphone | ipad | envoyé de | envoyé depuis | envoyé à partir
";

/// How a line begins that names the program.
pub(super) const SENT_WITH: &str = "
sent with | versendet mit | gesendet mit | verstuurd met | verzonden met | envoyé avec | envoyé via
enviado con | enviado com | enviado mediante | inviato con | inviato tramite | skickat med
sendt med | wysłano z | wysłane z | odesláno z | sent using | secured by | gesichert mit
sécurisé par | sikret med | отправлено с помощью | надіслано за допомогою
";

/// How a line begins that offers a program.
pub(super) const GET: &str = "
get | download | obtener | obtenga | obtén | obter | obtenha | ottieni | scarica | obtenir
télécharger | téléchargez | holen sie sich | holen sie | hole dir | laden sie | ophalen | downloaden
skaff | hämta | hent | hanki | pobierz | získat | získajte | stáhněte | скачать | скачайте
загрузить | завантажити | λήψη του | λήψη | αποκτήστε το | edinin | indir | obține | obțineți
dapatkan | tải | tải xuống | preuzmite | prenesite | töltse le | letöltés | 获取 | 取得 | 下載 | 下载 | 다운로드
احصل على | הורד את | הורד | קבל את | रीटीव | प्राप्त करें | รับ | ดาวน์โหลด
";

/// How a program of Microsoft offers itself for a device. A pattern.
pub(super) const OUTLOOK_FOR: &str = "outlook (?:for|für|pour|para|per|voor|til|för|untuk|dla|pro|pre|для|за|pentru|για|cho|สำหรับ) |(?:ios|android) ?(?:版|用|용|için) ?outlook|outlook.{0,12}(?:edinin|indirin)|版 ?outlook|用 ?outlook|용 ?outlook|outlook.{1,3}(?:を入手|다운로드)";

/// How the note of a virus scanner begins. Patterns.
pub(super) const VIRUS: &str = "
garanti sans virus | virenfrei | virus-free | libre de virus | livre de vírus | virusvrij
senza virus | privo di virus | bez wirusów | wolny od wirusów | без вирусов | virusfri | virukset
this email has been checked | diese e-mail wurde von | l'absence de virus | cet e-mail a été vérifié
este correo ha sido comprobado | este mensaje ha sido analizado
este correo electrónico ha sido comprobado | este email foi verificado
questo messaggio e.{1,4} stato analizzato | questa e-?mail è stata controllata
questa e-?mail è stata verificata | e-?mail controllata
";

/// What mail is sent from.
pub(super) const DEVICES: &str = "
iphon | i-phone | ipad | i-pad | ipod | macbook | apple | android | galaxy | samsung | htc | nokia
lumia | blackberry | xperia | sony | pixel | nexus | huawei | honor | xiaomi | redmi | poco | oppo
vivo | realme | oneplus | motorola | moto g | alcatel | verizon | t-mobile | windows | surface
outlook | hotmail | gmail | mail | email | yahoo | aol | airmail | spark | sparrow | newton | edison
thunderbird | k-9 | typeapp | proton | tutanota | zoho | mobile | mobil | móvil | movil | celular
cellulare | cell | handy | phone | smart | telefon | telefoon | téléphone | teléfono | telefone
tablet | tablette | device | gerät | cihaz | enhet | enhed | laite | puhelim | puhelin | počítač
компьютер | телефон | смартфон | мобил | почт | пошт | ti-85 | ti-8 | pc | laptop | notebook | gmx
web.de | freenet | t-online | orange | sfr | laposte | libero | virgilio | tiscali | seznam
interia | onet | freemail | rambler | yandex | яндекс | qq | foxmail | 网易 | 邮箱 | naver | daum
hanmail | docomo | softbank | デバイス | スマ | 手机 | 手機 | 휴대 | 갤럭시 | 아이폰 | 핸드폰 | 스마트폰 | 네이버 | מכשיר
טלפון | هاتف | جهاز | آیفون | आईफ़ोन | फ़ोन | โทรศัพท์ | điện thoại | κινητό | ponsel | hp saya
telefonas | telefons
";
