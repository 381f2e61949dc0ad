//! Files: where they are fetched, for how long, and how large they may be.

use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::{Shared, api::Refusal, spec::Params, world::World};

/// A bot may not fetch more, in bytes.
const LARGEST: u64 = 20 << 20;
/// A path is good for so long, in milliseconds.
const GOOD_FOR: i64 = 3_600_000;

/// `getFile`: a path under which the file is for an hour.
pub(crate) fn get(shared: &Shared, params: &Params) -> Result<Value, Refusal> {
    let now = shared.now().millis();
    shared.with(|world| {
        let id = params.text("file_id").unwrap_or_default();
        let file = world
            .files
            .get(id)
            .ok_or_else(|| Refusal::bad("wrong file_id or the file is temporarily unavailable"))?;
        let size = file.size();
        if size > LARGEST {
            return Err(Refusal::bad("file is too big"));
        }
        let folder = file.content_type.split('/').next().unwrap_or("document").to_owned();
        let ending = file.name.rsplit_once('.').map(|(_, ending)| format!(".{ending}")).unwrap_or_default();
        let path = format!("{folder}s/file_{}{ending}", world.paths.len());
        world.paths.insert(path.clone(), (id.to_owned(), now + GOOD_FOR));
        Ok(json!({
            "file_id": id, "file_unique_id": unique(id), "file_size": size, "file_path": path,
        }))
    })
}

/// What stays the same for all bots.
pub(crate) fn unique(id: &str) -> String {
    format!("AQAD{}", id.get(id.len().saturating_sub(12)..).unwrap_or(id))
}

/// The bytes under a path that is still good.
pub(crate) fn download(shared: &Shared, path: &str) -> Response {
    let now = shared.now().millis();
    let found = shared.with(|world: &mut World| {
        let (id, _) = world.paths.get(path).filter(|(_, until)| *until > now)?;
        world.files.get(id).map(|file| file.bytes.clone())
    });
    match found {
        Some(bytes) => ([("content-type", "application/octet-stream")], bytes).into_response(),
        None => Refusal::new(404, "Not Found").into_response(),
    }
}
