//! When somebody is there: weekly hours in a time zone, days that differ, and absences.
//!
//! Hours are what a clock on the wall shows: "09:00 to 17:00" is that on both sides of a change of the
//! clocks; a time that a change skips does not come, one that it repeats comes twice. Pure.

use std::{collections::BTreeMap, fmt};

use jiff::{
    civil::{Date, DateTime, Weekday},
    tz::TimeZone,
};
use rapport_model::Timestamp;
use serde::{Deserialize, Serialize};

/// A day has no more intervals than this.
const MOST_A_DAY: usize = 8;
/// There are no more days that differ than this.
const MOST_DAYS: usize = 400;
/// So many days ahead an opening is looked for.
const HORIZON: usize = 400;
/// Absences in a row that are looked through.
const MOST_ABSENCES: usize = 1000;
const END_OF_DAY: u16 = 24 * 60;

/// Hours as people write them and as they are kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HoursForm {
    /// An IANA time zone, such as "Europe/Berlin".
    pub zone: String,
    /// By day, from "mon" to "sun": intervals such as "09:00-17:00". A day that is not named is closed.
    pub weekly: BTreeMap<String, Vec<String>>,
    /// Days that differ, such as "2026-12-24": the intervals of that day, none where it is closed.
    #[serde(default)]
    pub days: BTreeMap<String, Vec<String>>,
}

/// What is wrong with hours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HoursProblem {
    /// Which field: `zone`, `weekly.mon`, `days.2026-12-24`.
    pub field: String,
    /// Why, for a person.
    pub reason: String,
}

impl fmt::Display for HoursProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.reason)
    }
}

impl std::error::Error for HoursProblem {}

/// From a minute of the day up to, and without, another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Interval {
    from: u16,
    to: u16,
}

/// Hours that are valid: they open some time, and no two intervals of a day overlap.
#[derive(Debug, Clone)]
pub struct Hours {
    zone: TimeZone,
    /// From Monday on.
    weekly: [Vec<Interval>; 7],
    days: BTreeMap<Date, Vec<Interval>>,
}

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

impl TryFrom<&HoursForm> for Hours {
    type Error = HoursProblem;

    fn try_from(form: &HoursForm) -> Result<Self, HoursProblem> {
        let zone = zone(&form.zone)?;
        let mut weekly: [Vec<Interval>; 7] = std::array::from_fn(|_| Vec::new());
        for (day, intervals) in &form.weekly {
            let field = format!("weekly.{day}");
            let Some(at) = DAYS.iter().position(|known| known == day) else {
                let reason = format!("there is no day \"{day}\": they are {}", DAYS.join(", "));
                return Err(HoursProblem { field, reason });
            };
            weekly[at] = read_intervals(&field, intervals)?;
        }
        if weekly.iter().all(Vec::is_empty) {
            let reason = "these hours never open: give at least one day an interval".to_owned();
            return Err(HoursProblem { field: "weekly".to_owned(), reason });
        }
        if form.days.len() > MOST_DAYS {
            let reason = format!("at most {MOST_DAYS} days");
            return Err(HoursProblem { field: "days".to_owned(), reason });
        }
        let mut days = BTreeMap::new();
        for (day, intervals) in &form.days {
            let field = format!("days.{day}");
            let Ok(date) = day.parse::<Date>() else {
                let reason = format!("\"{day}\" is no day: write one as 2026-12-24");
                return Err(HoursProblem { field, reason });
            };
            days.insert(date, read_intervals(&field, intervals)?);
        }
        Ok(Self { zone, weekly, days })
    }
}

/// A time zone by its IANA name.
pub fn zone(name: &str) -> Result<TimeZone, HoursProblem> {
    let known = if name.is_empty() { None } else { TimeZone::get(name).ok() };
    known.filter(|zone| zone.iana_name().is_some()).ok_or_else(|| HoursProblem {
        field: "zone".to_owned(),
        reason: format!("there is no time zone \"{name}\": write a name such as \"Europe/Berlin\""),
    })
}

fn read_intervals(field: &str, texts: &[String]) -> Result<Vec<Interval>, HoursProblem> {
    let refuse = |reason: String| Err(HoursProblem { field: field.to_owned(), reason });
    if texts.len() > MOST_A_DAY {
        return refuse(format!("at most {MOST_A_DAY} intervals a day"));
    }
    let mut read = Vec::with_capacity(texts.len());
    for text in texts {
        let Some((from, to)) = text.split_once('-').and_then(|(a, b)| Some((minute(a)?, minute(b)?))) else {
            return refuse(format!("\"{text}\" is no interval: write one as 09:00-17:00"));
        };
        if from >= to {
            return refuse(format!(
                "\"{text}\" ends before it begins: one that goes past midnight is two, up to 24:00 and from 00:00 of the next day"
            ));
        }
        read.push((Interval { from, to }, text));
    }
    read.sort_unstable();
    for pair in read.windows(2) {
        if pair[1].0.from < pair[0].0.to {
            return refuse(format!("{} and {} overlap", pair[0].1, pair[1].1));
        }
    }
    Ok(read.into_iter().map(|(interval, _)| interval).collect())
}

/// "09:30" as a minute of the day; "24:00" is its end.
fn minute(text: &str) -> Option<u16> {
    let (hour, minute) = text.trim().split_once(':')?;
    let plain = |part: &str| part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit());
    if !plain(hour) || !plain(minute) {
        return None;
    }
    let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
    let at = hour * 60 + minute;
    (minute < 60 && at <= END_OF_DAY).then_some(at)
}

impl Hours {
    /// Their time zone.
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// Whether the instant is within the hours.
    pub fn is_open(&self, at: Timestamp) -> bool {
        let Some(local) = self.local(at) else { return false };
        let minute = minute_of(local);
        self.of_day(local.date()).iter().any(|open| open.from <= minute && minute < open.to)
    }

    /// The instant itself where it is within the hours, else when they open next; `None` where they do not
    /// open within a good year.
    pub fn next_open(&self, at: Timestamp) -> Option<Timestamp> {
        if self.is_open(at) {
            return Some(at);
        }
        let mut day = self.local(at)?.date();
        for _ in 0..HORIZON {
            if let Some(opening) = self.first_opening(day, at) {
                return Some(opening);
            }
            day = day.tomorrow().ok()?;
        }
        None
    }

    /// The first instant after `at` at which the hours open on that day of the wall's calendar. They open
    /// where an interval begins, or where a change of the clocks leads into one.
    fn first_opening(&self, day: Date, at: Timestamp) -> Option<Timestamp> {
        let mut candidates = Vec::new();
        for open in self.of_day(day) {
            let begins = day.at(hour(open.from), minute_in_hour(open.from), 0, 0);
            let ambiguous = self.zone.to_ambiguous_timestamp(begins);
            candidates.extend([ambiguous.earlier(), ambiguous.later()].into_iter().flatten());
        }
        if candidates.is_empty() {
            return None;
        }
        let midnight = self.zone.to_ambiguous_timestamp(day.at(0, 0, 0, 0)).earlier().ok()?;
        // A day with its changes is shorter than this.
        let end = midnight.as_millisecond() + 50 * 3_600_000;
        let changes = self.zone.following(midnight).map(|change| change.timestamp());
        candidates.extend(changes.take_while(|change| change.as_millisecond() < end).take(4));
        candidates
            .into_iter()
            .map(|instant| Timestamp(instant.as_millisecond()))
            .filter(|instant| *instant > at && self.is_open(*instant))
            .min()
    }

    fn of_day(&self, day: Date) -> &[Interval] {
        self.days.get(&day).unwrap_or(&self.weekly[place_of(day.weekday())])
    }

    fn local(&self, at: Timestamp) -> Option<DateTime> {
        jiff::Timestamp::from_millisecond(at.millis()).ok().map(|instant| self.zone.to_datetime(instant))
    }
}

fn place_of(day: Weekday) -> usize {
    usize::try_from(day.to_monday_zero_offset()).unwrap_or(0)
}

fn minute_of(local: DateTime) -> u16 {
    let part = |part: i8| u16::try_from(part).unwrap_or(0);
    part(local.hour()) * 60 + part(local.minute())
}

fn hour(minute: u16) -> i8 {
    i8::try_from(minute / 60).unwrap_or(0)
}

fn minute_in_hour(minute: u16) -> i8 {
    i8::try_from(minute % 60).unwrap_or(0)
}

/// From an instant up to, and without, another: somebody is away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Since when.
    pub from: Timestamp,
    /// Until when.
    pub until: Timestamp,
}

/// When somebody is there: within their hours, always where they have none, and not absent.
#[derive(Debug, Clone, Default)]
pub struct Calendar {
    /// Their hours.
    pub hours: Option<Hours>,
    /// Their absences.
    pub absences: Vec<Span>,
}

impl Calendar {
    /// The end of the absences that cover an instant, one after the other.
    pub fn absent_until(&self, at: Timestamp) -> Option<Timestamp> {
        let mut end = at;
        for _ in 0..MOST_ABSENCES {
            let covering = self.absences.iter().filter(|span| span.from <= end && end < span.until);
            match covering.map(|span| span.until).max() {
                Some(until) => end = until,
                None => break,
            }
        }
        (end > at).then_some(end)
    }

    /// Whether somebody is there at an instant.
    pub fn is_there(&self, at: Timestamp) -> bool {
        self.absent_until(at).is_none() && self.hours.as_ref().is_none_or(|hours| hours.is_open(at))
    }

    /// The instant itself where they are there, else when they are back; `None` where that is not within a
    /// good year.
    pub fn back_at(&self, at: Timestamp) -> Option<Timestamp> {
        let mut back = at;
        for _ in 0..MOST_ABSENCES {
            back = self.absent_until(back).unwrap_or(back);
            let open = self.hours.as_ref().map_or(Some(back), |hours| hours.next_open(back))?;
            if self.absent_until(open).is_none() {
                return Some(open);
            }
            back = open;
        }
        None
    }
}

#[cfg(test)]
#[path = "hours/tests.rs"]
mod tests;
