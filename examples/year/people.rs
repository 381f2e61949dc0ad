//! Who there is: associates with their shifts, and customers with their addresses. Knows no store.

use jiff::{civil::Weekday, tz::TimeZone};
use rand::{Rng as _, RngExt as _, rngs::StdRng};
use rapport::routing::HoursForm;

/// Milliseconds.
pub const MINUTE: i64 = 60_000;
/// Milliseconds.
pub const HOUR: i64 = 60 * MINUTE;
/// Milliseconds.
pub const DAY: i64 = 24 * HOUR;

/// The channels, by the inbox of each.
pub const CHANNELS: [&str; 4] = ["sms", "email", "telegram", "discord"];
const ZONE: &str = "Europe/Berlin";
/// Monday, the fifth of January 2026, at midnight in that zone.
pub const BEGIN: i64 = 1_767_567_600_000;
/// Days on which the shop is closed.
const CLOSED: [&str; 9] = [
    "2026-01-06",
    "2026-04-03",
    "2026-04-06",
    "2026-05-01",
    "2026-05-14",
    "2026-05-25",
    "2026-10-03",
    "2026-12-25",
    "2026-12-26",
];

/// An absence: from, until, and who stands in.
pub type Absence = (i64, i64, Option<usize>);

/// An associate's shifts and absences. When they are there is reckoned here once more, apart from the bridge.
#[derive(Debug, Clone)]
pub struct Associate {
    pub name: String,
    days: &'static [Weekday],
    shift: (i8, i8),
    zone: TimeZone,
    pub absences: Vec<Absence>,
    /// When they leave for good.
    pub until: Option<i64>,
}

impl Associate {
    /// Somebody with one of four shifts.
    pub fn new(n: usize) -> anyhow::Result<Self> {
        use Weekday::{Friday, Monday, Saturday, Thursday, Tuesday, Wednesday};
        let (days, shift): (&[Weekday], _) = match n % 4 {
            0 => (&[Monday, Tuesday, Wednesday, Thursday, Friday], (8, 16)),
            1 => (&[Tuesday, Wednesday, Thursday, Friday, Saturday], (11, 19)),
            2 => (&[Monday, Tuesday, Thursday, Friday, Saturday], (9, 17)),
            _ => (&[Monday, Wednesday, Friday, Saturday], (10, 19)),
        };
        let zone = TimeZone::get(ZONE)?;
        Ok(Self { name: format!("Associate {n}"), days, shift, zone, absences: Vec::new(), until: None })
    }

    /// The hours as they are handed to the bridge.
    pub fn hours(&self) -> HoursForm {
        let time = format!("{:02}:00-{:02}:00", self.shift.0, self.shift.1);
        let name = |day: &Weekday| {
            ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
                [usize::from(day.to_monday_zero_offset().unsigned_abs())]
        };
        let weekly = self.days.iter().map(|day| (name(day).to_owned(), vec![time.clone()])).collect();
        let days = CLOSED.iter().map(|day| ((*day).to_owned(), Vec::new())).collect();
        HoursForm { zone: ZONE.to_owned(), weekly, days }
    }

    /// Two absences a year, most of them with a stand-in.
    pub fn leave(&mut self, me: usize, of: usize, days: i64, random: &mut StdRng) {
        let mut from = BEGIN + random.random_range(10..120) * DAY;
        for _ in 0..2 {
            let until = from + random.random_range(3..15) * DAY;
            if until > BEGIN + days * DAY {
                return;
            }
            let other = (me + random.random_range(1..of)) % of;
            self.absences.push((from, until, (random.random_range(0..4) > 0).then_some(other)));
            from = until + random.random_range(30..150) * DAY;
        }
    }

    /// Whether they work here.
    pub fn works(&self, at: i64) -> bool {
        self.until.is_none_or(|until| at < until)
    }

    /// Whether they are away for days.
    pub fn is_absent(&self, at: i64) -> bool {
        self.absences.iter().any(|(from, until, _)| (*from..*until).contains(&at))
    }

    /// Whether they are there.
    pub fn is_there(&self, at: i64) -> bool {
        self.works(at) && !self.is_absent(at) && self.is_on_shift(at)
    }

    fn is_on_shift(&self, at: i64) -> bool {
        let Ok(instant) = jiff::Timestamp::from_millisecond(at) else { return false };
        let here = self.zone.to_datetime(instant);
        let today = here.date().to_string();
        self.days.contains(&here.weekday())
            && (self.shift.0..self.shift.1).contains(&here.hour())
            && !CLOSED.contains(&today.as_str())
    }

    /// Whether they are there, or will be within so long. Shifts begin on the hour.
    pub fn is_there_within(&self, at: i64, wait: i64) -> bool {
        let next = at - at.rem_euclid(HOUR) + HOUR;
        self.is_there(at)
            || (0..=wait / HOUR)
                .map(|hour| next + hour * HOUR)
                .filter(|then| *then <= at + wait)
                .any(|then| self.is_there(then))
    }
}

/// Somebody who writes.
#[derive(Debug, Clone)]
pub struct Customer {
    /// The inbox, and the address there.
    pub handles: Vec<(usize, String)>,
    /// By whose card they come, if by one.
    pub card: Option<usize>,
}

impl Customer {
    /// Of three customers one has one address, the others two or three.
    pub fn new(n: usize, associates: usize, random: &mut StdRng) -> Self {
        let many = random.random_range(1..=3);
        let first = random.random_range(0..CHANNELS.len());
        let handles = (0..many)
            .map(|at| {
                let channel = (first + at) % CHANNELS.len();
                (channel, format!("{}-customer-{n}", CHANNELS[channel]))
            })
            .collect();
        let card = (random.random_range(0..10) == 0).then(|| random.random_range(0..associates));
        Self { handles, card }
    }
}

/// Whole days until something happens that happens once in so many on average.
pub fn days_until(mean: f64, random: &mut StdRng) -> i64 {
    let even = (f64::from(random.next_u32()) + 1.0) / (f64::from(u32::MAX) + 2.0);
    #[expect(clippy::cast_possible_truncation, reason = "a few thousand days at most")]
    let days = (-mean * even.ln()).ceil() as i64;
    days.max(1)
}

/// When the shop is open: Monday to Saturday, 8 to 19.
pub struct Opening(Option<TimeZone>);

impl Default for Opening {
    fn default() -> Self {
        Self(TimeZone::get(ZONE).ok())
    }
}

impl Opening {
    /// The open time between two instants, in milliseconds. It opens and closes on the hour.
    pub fn between(&self, from: i64, to: i64) -> i64 {
        let (mut at, mut open) = (from, 0);
        while at < to {
            let next = (at - at.rem_euclid(HOUR) + HOUR).min(to);
            open += if self.is_open(at) { next - at } else { 0 };
            at = next;
        }
        open
    }

    fn is_open(&self, at: i64) -> bool {
        let (Some(zone), Ok(instant)) = (&self.0, jiff::Timestamp::from_millisecond(at)) else { return true };
        let here = zone.to_datetime(instant);
        here.weekday() != Weekday::Sunday
            && (8..19).contains(&here.hour())
            && !CLOSED.contains(&here.date().to_string().as_str())
    }
}
