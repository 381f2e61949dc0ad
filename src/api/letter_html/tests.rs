//! What becomes of the HTML of letters: what stays, what goes, and what is asked for.

use super::*;

fn message() -> MessageId {
    MessageId::try_from("msg_0123456789abcdef0123456789abcdef".to_owned()).unwrap()
}

fn letter(html: &str) -> LetterHtml {
    let file = |name: &str, kind: &str| {
        let id = format!("att_{:032x}", name.len()).try_into().unwrap();
        (name.to_owned(), id, kind.to_owned())
    };
    LetterHtml {
        html: html.to_owned(),
        text: "1 < 2".to_owned(),
        files: vec![file("a@b", "image/png"), file("ab@cd", "image/svg+xml"), file("<abc@def>", "image/gif")],
    }
}

fn cleaned(html: &str) -> String {
    clean(&letter(html), &message(), Pictures::Counted).unwrap().html
}

#[test]
fn a_letter_keeps_how_it_looks() {
    let html = "<table width=\"600\" bgcolor=\"#ffffff\"><tbody><tr><td align=\"center\" style=\"color:red\">\
        <font color=\"navy\" face=\"Arial\"><b>Hello</b></font></td></tr></tbody></table><ul><li>a</li></ul>";
    assert_eq!(cleaned(html), html);
}

#[test]
fn a_link_opens_elsewhere_and_leads_to_the_web_or_to_a_person() {
    let out = cleaned(
        "<a href=\"https://shop.example/a?b=1&amp;c=2\" onclick=\"x()\" target=\"_self\" rel=\"opener\">a</a>",
    );
    for part in
        ["href=\"https://shop.example/a?b=1&amp;c=2\"", "target=\"_blank\"", "rel=\"noopener noreferrer\""]
    {
        assert_eq!(out.matches(part).count(), 1, "{out}");
    }
    assert!(!out.contains("onclick") && !out.contains("_self") && !out.contains("opener\" rel"), "{out}");
    for href in [
        "javascript:alert(1)",
        " java\nscript:alert(1)",
        "&#106;avascript:alert(1)",
        "JaVaScRiPt&colon;alert(1)",
        "data:text/html,<script>alert(1)</script>",
        "vbscript:x",
        "file:///etc/passwd",
        "blob:https://shop.example/x",
        "cid:a@b",
        "/api/v1/me",
        "//evil.example",
        "?x",
        "#x",
        "",
    ] {
        let out = cleaned(&format!("<a href=\"{href}\">a</a>"));
        assert!(!out.contains("href"), "{href}: {out}");
    }
    for href in ["mailto:a@b.example", "tel:+491234", "http://b.example/"] {
        assert!(cleaned(&format!("<a href=\"{href}\">a</a>")).contains(href));
    }
}

#[test]
fn a_picture_that_came_along_is_shown_and_one_from_elsewhere_is_counted() {
    let shown = cleaned("<img src=\"cid:a@b\"><img src=\"cid:abc%40def\" alt=x>");
    assert_eq!(shown.matches("src=\"/api/v1/attachments/att_").count(), 2, "{shown}");
    for src in [
        "cid:ab@cd",
        "cid:other",
        "data:image/svg+xml;base64,AAAA",
        "data:image/png,AAAA",
        "data:text/html;base64,AAAA",
        "/api/v1/me",
        "image?url=x",
        "ftp://a.example/a.png",
        "javascript:alert(1)",
    ] {
        assert!(!cleaned(&format!("<img src=\"{src}\">")).contains("src"), "{src}");
    }
    assert!(
        cleaned("<img src=\"data:image/png;base64,AAAA\">").contains("src=\"data:image/png;base64,AAAA\"")
    );

    let html = "<img src=\"https://a.example/1.png?b=1&amp;c=2\"><img src=\"//a.example/2.png\">\
        <img src=\"https://a.example/1.png?b=1&amp;c=2\"><img srcset=\"https://a.example/3.png 2x\">";
    let counted = page(&letter(html), &message(), Pictures::Counted);
    assert!(counted.contains("data-pictures=\"2\"") && !counted.contains("a.example"), "{counted}");
    let fetched = page(&letter(html), &message(), Pictures::Fetched);
    let through =
        "/api/v1/messages/msg_0123456789abcdef0123456789abcdef/image?url=https%3A%2F%2Fa.example%2F";
    assert_eq!(fetched.matches(through).count(), 3, "{fetched}");
    assert!(!fetched.contains("data-pictures") && !fetched.contains("srcset"));
    let remote = remote_pictures(&letter(html), &message());
    assert_eq!(remote, ["https://a.example/1.png?b=1&c=2", "https://a.example/2.png"]);
}

#[test]
fn no_letter_makes_us_fetch_without_end() {
    let pictures: Vec<String> =
        (0..1_000).map(|n| format!("<img src=\"https://a.example/{n}.png\">")).collect();
    let html = pictures.concat();
    assert_eq!(remote_pictures(&letter(&html), &message()).len(), MOST_PICTURES);
}

#[test]
fn html_that_is_too_much_is_replaced_by_its_text() {
    let page = page(&letter(&"<p>a".repeat(tidy::LONGEST)), &message(), Pictures::Counted);
    assert!(page.contains("data-instead=\"text\"") && page.contains("<pre>1&#32;&lt;&#32;2</pre>"), "{page}");
}

#[test]
fn what_is_never_closed_costs_no_more_than_its_length() {
    for part in
        ["<div>", "<b>", "<table><tr><td>", "<a href=http://a.example>", "<p><b><i>", "<img src=cid:x "]
    {
        for repeat in [10_000, 16_000] {
            clean(&letter(&part.repeat(repeat)), &message(), Pictures::Counted).unwrap();
        }
    }
    let attributes = format!("<p {}>", "style=a title=b x=y ".repeat(80_000));
    assert_eq!(cleaned(&attributes), "<p title=\"b\"></p>");
}

#[test]
fn nothing_that_runs_loads_or_asks_is_left() {
    for html in [
        "<script>alert(1)</script>",
        "<svg onload=alert(1)><script>alert(1)</script></svg>",
        "<math><mtext><table><mglyph><style><!--</style><img title=\"--&gt;&lt;img src=1 onerror=alert(1)&gt;\">",
        "<form action=//x.example><input autofocus onfocus=alert(1)><button formaction=javascript:alert(1)>",
        "<iframe srcdoc=\"<script>alert(1)</script>\"></iframe><object data=x></object><embed src=x>",
        "<meta http-equiv=refresh content=\"0;url=//x.example\"><base href=//x.example><link rel=stylesheet href=x>",
        "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\"></noscript>",
        "<template><img src=x onerror=alert(1)></template><video poster=x><audio src=x><source srcset=x>",
        "<details open ontoggle=alert(1)><marquee onstart=alert(1)><body background=x onload=alert(1)>",
    ] {
        let out = cleaned(html).to_lowercase();
        for word in [
            "<script",
            "<svg",
            "<math",
            "<style",
            "<form",
            "<input",
            "<iframe",
            "<object",
            "<meta",
            "<base",
            "<link",
            "<template",
            "<video",
            "onerror=",
            "onload=",
            "background",
            "action",
        ] {
            let attribute_text = out.contains("&lt;") && !word.starts_with('<');
            assert!(!out.contains(word) || attribute_text, "{html}: {out}");
        }
    }
}
