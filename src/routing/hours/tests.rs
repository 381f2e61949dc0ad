//! Hours over changes of the clocks in zones that differ in how they do it, and what is refused.

use super::*;

fn form(zone: &str, weekly: &[(&str, &[&str])], days: &[(&str, &[&str])]) -> HoursForm {
    let table = |rows: &[(&str, &[&str])]| {
        rows.iter()
            .map(|(day, list)| ((*day).to_owned(), list.iter().map(|i| (*i).to_owned()).collect()))
            .collect()
    };
    HoursForm { zone: zone.to_owned(), weekly: table(weekly), days: table(days) }
}

fn daily(zone: &str, interval: &str) -> Hours {
    let all: Vec<(&str, &[&str])> = DAYS.iter().map(|day| (*day, std::slice::from_ref(&interval))).collect();
    Hours::try_from(&form(zone, &all, &[])).unwrap()
}

fn at(text: &str) -> Timestamp {
    Timestamp(text.parse::<jiff::Timestamp>().unwrap().as_millisecond())
}

fn refused(form: &HoursForm) -> (String, String) {
    let problem = Hours::try_from(form).unwrap_err();
    (problem.field, problem.reason)
}

#[test]
fn nine_is_nine_on_both_sides_of_a_change_in_berlin() {
    let hours = daily("Europe/Berlin", "09:00-17:00");
    // 29 March 2026, 02:00 becomes 03:00.
    assert_eq!(hours.next_open(at("2026-03-28T20:00:00Z")), Some(at("2026-03-29T07:00:00Z")));
    assert_eq!(hours.next_open(at("2026-03-27T20:00:00Z")), Some(at("2026-03-28T08:00:00Z")));
    assert!(hours.is_open(at("2026-03-29T07:00:00Z")) && !hours.is_open(at("2026-03-29T15:00:00Z")));
    // 25 October 2026, 03:00 becomes 02:00.
    assert_eq!(hours.next_open(at("2026-10-24T20:00:00Z")), Some(at("2026-10-25T08:00:00Z")));
}

#[test]
fn an_hour_that_a_change_skips_does_not_come() {
    let hours = daily("America/New_York", "02:15-02:45");
    // 8 March 2026, 02:00 becomes 03:00: the next opening is a day later.
    assert_eq!(hours.next_open(at("2026-03-08T05:30:00Z")), Some(at("2026-03-09T06:15:00Z")));
    let longer = daily("America/New_York", "02:15-03:30");
    assert_eq!(longer.next_open(at("2026-03-08T05:30:00Z")), Some(at("2026-03-08T07:00:00Z")));
    assert!(longer.is_open(at("2026-03-08T07:29:00Z")) && !longer.is_open(at("2026-03-08T07:30:00Z")));
}

#[test]
fn an_hour_that_a_change_repeats_comes_twice() {
    let hours = daily("America/New_York", "01:15-01:45");
    // 1 November 2026, 02:00 becomes 01:00.
    assert_eq!(hours.next_open(at("2026-11-01T04:00:00Z")), Some(at("2026-11-01T05:15:00Z")));
    assert_eq!(hours.next_open(at("2026-11-01T05:45:00Z")), Some(at("2026-11-01T06:15:00Z")));
    let across = daily("America/New_York", "00:30-01:30");
    assert_eq!(across.next_open(at("2026-11-01T05:30:00Z")), Some(at("2026-11-01T06:00:00Z")));
}

#[test]
fn half_an_hour_is_a_change_too_on_lord_howe() {
    let hours = daily("Australia/Lord_Howe", "01:45-02:15");
    // 5 April 2026, 02:00 becomes 01:30: from 01:45 on it comes twice.
    assert_eq!(hours.next_open(at("2026-04-04T14:00:00Z")), Some(at("2026-04-04T14:45:00Z")));
    assert_eq!(hours.next_open(at("2026-04-04T15:00:00Z")), Some(at("2026-04-04T15:15:00Z")));
    // 4 October 2026, 02:00 becomes 02:30.
    let skipped = daily("Australia/Lord_Howe", "02:00-02:30");
    assert_eq!(skipped.next_open(at("2026-10-03T15:00:00Z")), Some(at("2026-10-04T15:00:00Z")));
}

#[test]
fn a_clock_that_stands_still_for_ramadan_is_followed_in_casablanca() {
    let hours = daily("Africa/Casablanca", "09:00-18:00");
    // Morocco is at +01, and at +00 during Ramadan: from 15 February to 22 March 2026.
    assert_eq!(hours.next_open(at("2026-02-14T20:00:00Z")), Some(at("2026-02-15T09:00:00Z")));
    assert_eq!(hours.next_open(at("2026-03-22T20:00:00Z")), Some(at("2026-03-23T08:00:00Z")));
}

#[test]
fn a_day_that_begins_at_one_opens_then_in_sao_paulo() {
    let hours = daily("America/Sao_Paulo", "00:00-02:00");
    // 4 November 2018, 00:00 became 01:00.
    assert_eq!(hours.next_open(at("2018-11-04T01:00:00Z")), Some(at("2018-11-04T03:00:00Z")));
    assert!(!hours.is_open(at("2018-11-04T04:00:00Z")));
}

#[test]
fn a_day_that_a_country_skips_has_no_hours_in_apia() {
    let hours = daily("Pacific/Apia", "09:00-17:00");
    // 29 December 2011 was followed by the 31st.
    assert_eq!(hours.next_open(at("2011-12-30T04:00:00Z")), Some(at("2011-12-30T19:00:00Z")));
}

#[test]
fn an_opening_is_where_the_hours_begin_and_no_later_minute_by_minute() {
    for zone in
        ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "Asia/Tehran"]
    {
        for interval in ["01:10-02:20", "02:05-03:05", "00:00-00:30", "23:30-24:00"] {
            let hours = daily(zone, interval);
            for start in [
                "2026-03-08T00:00:00Z",
                "2026-03-28T12:00:00Z",
                "2026-10-03T00:00:00Z",
                "2026-10-25T00:00:00Z",
            ] {
                let minute = |n: i64| Timestamp(at(start).millis() + n * 60_000);
                let mut next = None;
                for n in (0..2 * 1440).rev() {
                    if hours.is_open(minute(n)) {
                        next = Some(minute(n));
                    }
                    if n < 1440 {
                        assert_eq!(hours.next_open(minute(n)), next, "{zone} {interval} {:?}", minute(n));
                    }
                }
            }
        }
    }
}

#[test]
fn a_day_that_differs_replaces_the_weekly_hours() {
    let form = form(
        "Europe/Berlin",
        &[("thu", &["09:00-12:00", "13:00-17:00"]), ("fri", &["09:00-17:00"])],
        &[("2026-12-24", &["09:00-11:00"]), ("2026-12-25", &[])],
    );
    let hours = Hours::try_from(&form).unwrap();
    assert!(hours.is_open(at("2026-12-17T08:00:00Z")) && !hours.is_open(at("2026-12-17T11:30:00Z")));
    assert!(!hours.is_open(at("2026-12-24T10:30:00Z")));
    assert_eq!(hours.next_open(at("2026-12-24T10:30:00Z")), Some(at("2026-12-31T08:00:00Z")));
}

#[test]
fn what_overlaps_or_never_opens_is_refused_with_its_field() {
    let overlap = form("Europe/Berlin", &[("mon", &["13:00-17:00", "09:00-13:30"])], &[]);
    let (field, reason) = refused(&overlap);
    assert_eq!((field.as_str(), reason.as_str()), ("weekly.mon", "09:00-13:30 and 13:00-17:00 overlap"));
    let touching = form("Europe/Berlin", &[("mon", &["09:00-13:00", "13:00-17:00"])], &[]);
    assert!(Hours::try_from(&touching).is_ok());
    assert_eq!(refused(&form("Europe/Berlin", &[("mon", &[])], &[])).0, "weekly");
    assert_eq!(refused(&form("Europe/Berlin", &[], &[])).0, "weekly");
    assert_eq!(refused(&form("Europe/Berlin", &[("monday", &["09:00-17:00"])], &[])).0, "weekly.monday");
    for wrong in ["9-17", "09:00-25:00", "09:60-10:00", "22:00-06:00", "09:00-09:00", "", "+9:00-10:00"] {
        assert_eq!(refused(&form("Europe/Berlin", &[("mon", &[wrong])], &[])).0, "weekly.mon", "{wrong}");
    }
    let day = form("Europe/Berlin", &[("mon", &["09:00-17:00"])], &[("2026-02-30", &[])]);
    assert_eq!(refused(&day).0, "days.2026-02-30");
}

#[test]
fn a_time_zone_that_does_not_exist_is_refused() {
    for wrong in ["Europe/Berlim", "", "Berlin", "+02:00", "../etc/passwd"] {
        assert_eq!(refused(&form(wrong, &[("mon", &["09:00-17:00"])], &[])).0, "zone", "{wrong}");
    }
}

#[test]
fn somebody_is_back_when_no_absence_covers_their_hours() {
    let calendar = Calendar {
        hours: Some(daily("Europe/Berlin", "09:00-17:00")),
        absences: vec![
            Span { from: at("2026-06-01T00:00:00Z"), until: at("2026-06-03T00:00:00Z") },
            Span { from: at("2026-06-03T00:00:00Z"), until: at("2026-06-04T12:00:00Z") },
            Span { from: at("2026-06-05T06:00:00Z"), until: at("2026-06-05T08:00:00Z") },
        ],
    };
    assert!(!calendar.is_there(at("2026-06-02T09:00:00Z")));
    assert_eq!(calendar.absent_until(at("2026-06-02T09:00:00Z")), Some(at("2026-06-04T12:00:00Z")));
    assert_eq!(calendar.back_at(at("2026-06-02T09:00:00Z")), Some(at("2026-06-04T12:00:00Z")));
    assert_eq!(calendar.back_at(at("2026-06-04T18:00:00Z")), Some(at("2026-06-05T08:00:00Z")));
    assert!(Calendar::default().is_there(at("2026-06-04T18:00:00Z")));
}
