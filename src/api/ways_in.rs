//! The ways in to one associate: their own word, and for each inbox what to print so that a customer brings it.

use std::fmt::Write as _;

use axum::{Json, extract::State, http::StatusCode};
use qrcode::{Color, EcLevel, QrCode};
use rapport_sdk::WayIn;
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    Api,
    error::{ApiError, Problem},
    session::SignedIn,
};

/// A code that a phone's camera reads, to be drawn as one path.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Code {
    /// Its width and height in squares, without the white border of four squares that it needs.
    squares: usize,
    /// The dark squares, as the path of an SVG in squares.
    path: String,
}

/// The way in on one inbox.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct InboxWay {
    inbox: String,
    name: String,
    channel: String,
    brand: String,
    /// What opens the place where one begins to write.
    url: String,
    /// Whether the customer writes the word themselves, because the link can't bring it along.
    write_the_word: bool,
    /// Null where the address is too long for one.
    code: Option<Code>,
}

/// The ways in to whoever is signed in.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct WaysIn {
    /// The word that a customer brings; null until there is one.
    word: Option<String>,
    /// One for each inbox that has one now; without a word none.
    ways: Vec<InboxWay>,
}

/// The ways in to yourself.
#[utoipa::path(get, path = "/me/ways-in", operation_id = "get_ways_in", responses(
    (status = 200, body = WaysIn), (status = 401, body = Problem)))]
pub(super) async fn get_ways_in(State(api): State<Api>, who: SignedIn) -> Result<Json<WaysIn>, ApiError> {
    let word = api.engine.store().find_entry_word(who.actor()).await?;
    Ok(Json(ways_in(&api, word)))
}

/// Makes yourself a word, or gives the one that you have.
#[utoipa::path(put, path = "/me/ways-in", operation_id = "make_ways_in", responses(
    (status = 200, body = WaysIn), (status = 401, body = Problem)))]
pub(super) async fn make_ways_in(State(api): State<Api>, who: SignedIn) -> Result<Json<WaysIn>, ApiError> {
    let word = api.engine.store().insert_entry_word(who.actor()).await?;
    Ok(Json(ways_in(&api, Some(word))))
}

/// Ends your word: cards and links that hold it bring customers to the shop, and no more to you.
#[utoipa::path(delete, path = "/me/ways-in", operation_id = "end_ways_in", responses(
    (status = 204), (status = 401, body = Problem)))]
pub(super) async fn end_ways_in(State(api): State<Api>, who: SignedIn) -> Result<StatusCode, ApiError> {
    api.engine.store().end_entry_word(who.actor()).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn ways_in(api: &Api, word: Option<String>) -> WaysIn {
    let mut ways = Vec::new();
    for inbox in word.iter().flat_map(|_| &api.engine.config().inboxes) {
        let way = word.as_deref().and_then(|word| api.engine.way_in(&inbox.id, word));
        let Some(WayIn { url, write_the_word }) = way else { continue };
        ways.push(InboxWay {
            inbox: inbox.id.to_string(),
            name: inbox.name.clone(),
            channel: inbox.channel().to_string(),
            brand: api.engine.config().brand_name(&inbox.brand).to_owned(),
            code: code(&url).ok(),
            url,
            write_the_word,
        });
    }
    WaysIn { word, ways }
}

/// Readable with a seventh of it dirty.
fn code(text: &str) -> Result<Code, qrcode::types::QrError> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M)?;
    let squares = code.width();
    let colors = code.to_colors();
    let mut path = String::new();
    for (y, row) in colors.chunks(squares).enumerate() {
        let mut x = 0;
        while x < squares {
            let run = row[x..].iter().take_while(|color| **color == Color::Dark).count();
            if run > 0 {
                let _ = write!(path, "M{x} {y}h{run}v1h-{run}z");
            }
            x += run.max(1);
        }
    }
    Ok(Code { squares, path })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_drawn_square_by_square() {
        let code = code("https://t.me/shop_bot?start=NOOR-4K7Q").unwrap();
        assert_eq!(code.squares, 29);
        // The upper edge of the first finder pattern, and of the second at the other end of the row.
        assert!(code.path.starts_with("M0 0h7v1h-7z"), "{}", code.path);
        assert!(code.path.contains("M22 0h7v1h-7z"), "{}", code.path);
    }
}
