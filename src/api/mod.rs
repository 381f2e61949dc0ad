//! HTTP: what browsers, providers and load balancers call.
//!
//! Handlers read a request, ask the store or the engine, and render. Whoever signs in is looked up in
//! [`session`]; what every request passes is [`guard`]; every refusal is an [`error::ApiError`]. No
//! handler decides about scope: the store does, from the actor.

mod acts;
mod associates;
mod attendance;
mod bot;
mod chat;
mod contacts;
mod decisions;
mod description;
mod dto;
mod error;
mod files;
mod guard;
mod health;
mod inboxes;
mod invitations;
mod letter_html;
mod letters;
mod limiter;
mod me;
mod panics;
mod parked;
mod password;
mod presence;
mod queue;
mod request;
mod route;
mod routing;
mod session;
mod stream;
mod transfer;
mod ways_in;
mod weak;
mod web;
mod webhooks;
mod writing;

use std::sync::Arc;

use axum::{Router, extract::DefaultBodyLimit, middleware, routing::get};
use rapport_model::Secret;
use tower_http::catch_panic::CatchPanicLayer;
use url::Url;
use utoipa::{Modify as _, OpenApi};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::engine::Engine;

pub use password::hash as hash_password;
#[cfg(feature = "playground")]
pub(crate) use {error::ApiError, files::served, request::Body};

/// What handlers share.
#[derive(Clone)]
pub(crate) struct Api {
    engine: Engine,
    site: Arc<guard::Site>,
    limiter: Arc<limiter::Limiter>,
    passwords: password::Passwords,
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Rapport",
        description = "The associates' API. Times are epoch milliseconds. Sign in with POST /api/v1/session; unsafe methods want the header `x-rapport-csrf: 1`.",
        license(name = "Apache-2.0 OR MIT")
    ),
    components(schemas(
        error::Problem,
        dto::LiveConversation,
        letters::Images,
        queue::Counts,
        queue::ViewName
    ))
)]
struct Description;

/// Every address of the bridge. `beside` are routes that a page of ours calls and that are not the
/// bridge's own, as the playground's: the same guards stand before them.
pub(crate) fn router(engine: Engine, public_url: Url, secret_key: Secret, beside: Router<Api>) -> Router {
    let limits = engine.config().limits;
    let tls = engine.config().server.tls.is_some();
    let proxies = engine.config().server.trusted_proxies.clone();
    let api = Api {
        engine,
        site: Arc::new(guard::Site::new(public_url, tls, proxies, secret_key)),
        limiter: Arc::default(),
        passwords: password::Passwords::default(),
    };
    let (v1, _) = v1().split_for_parts();
    let v1 = v1
        .layer(DefaultBodyLimit::max(limits.request))
        .merge(files::upload_router(limits.attachment))
        .fallback(|| async { error::ApiError::not_found("address") })
        .method_not_allowed_fallback(|| async { error::ApiError::method_not_allowed() })
        .layer(middleware::from_fn_with_state(api.clone(), guard::same_origin));
    let beside = beside
        .layer(DefaultBodyLimit::max(limits.request))
        .layer(middleware::from_fn_with_state(api.clone(), guard::same_origin));
    let hooks = webhooks::router().layer(DefaultBodyLimit::max(limits.webhook));
    Router::new()
        .nest("/api/v1", v1)
        .route(
            "/api/openapi.json",
            get(|| async { ([("content-type", "application/json")], openapi_json()) }),
        )
        .merge(hooks)
        .merge(beside)
        .merge(files::media_router())
        .merge(health::router())
        .fallback(web::serve)
        .method_not_allowed_fallback(|| async { error::ApiError::method_not_allowed() })
        .layer(CatchPanicLayer::custom(panics::answer))
        .layer(middleware::from_fn_with_state(api.clone(), guard::every_request))
        .with_state(api)
}

fn v1() -> OpenApiRouter<Api> {
    OpenApiRouter::with_openapi(Description::openapi())
        .routes(routes!(me::sign_in, me::sign_out))
        .routes(routes!(me::get_me))
        .routes(routes!(me::change_password))
        .routes(routes!(ways_in::get_ways_in, ways_in::make_ways_in, ways_in::end_ways_in))
        .routes(routes!(invitations::look, invitations::accept))
        .routes(routes!(associates::list, associates::invite))
        .routes(routes!(associates::update))
        .routes(routes!(associates::disable))
        .routes(routes!(associates::enable))
        .routes(routes!(associates::reset))
        .routes(routes!(attendance::get_mine))
        .routes(routes!(attendance::set_mine))
        .routes(routes!(attendance::enter_mine))
        .routes(routes!(attendance::end))
        .routes(routes!(attendance::get_associates))
        .routes(routes!(attendance::set_associates))
        .routes(routes!(attendance::enter_associates))
        .routes(routes!(attendance::set_work))
        .routes(routes!(attendance::get_teams))
        .routes(routes!(attendance::set_teams))
        .routes(routes!(attendance::enter_teams))
        .routes(routes!(routing::explain))
        .routes(routes!(routing::choose_known))
        .routes(routes!(queue::list))
        .routes(routes!(queue::open))
        .routes(routes!(queue::timeline))
        .routes(routes!(contacts::find))
        .routes(routes!(contacts::card))
        .routes(routes!(contacts::preview, contacts::merge))
        .routes(routes!(contacts::part))
        .routes(routes!(contacts::choose))
        .routes(routes!(contacts::apart))
        .routes(routes!(contacts::link_code))
        .routes(routes!(contacts::share, contacts::unshare))
        .routes(routes!(writing::reply))
        .routes(routes!(writing::undo))
        .routes(routes!(writing::resend))
        .routes(routes!(writing::confirm))
        .routes(routes!(writing::set_aside))
        .routes(routes!(writing::note))
        .routes(routes!(writing::keep_draft, writing::drop_draft))
        .routes(routes!(acts::assign))
        .routes(routes!(transfer::transfer))
        .routes(routes!(presence::beat))
        .routes(routes!(acts::close))
        .routes(routes!(acts::reopen))
        .routes(routes!(acts::waive))
        .routes(routes!(decisions::decide))
        .routes(routes!(decisions::take_back))
        .routes(routes!(acts::mark_read))
        .routes(routes!(acts::block))
        .routes(routes!(acts::unblock))
        .routes(routes!(acts::new_owner, acts::same_owner))
        .routes(routes!(files::download))
        .routes(routes!(letters::html))
        .routes(routes!(letters::image))
        .routes(routes!(letters::original))
        .routes(routes!(letters::raw))
        .routes(routes!(letters::headers))
        .routes(routes!(inboxes::list))
        .routes(routes!(bot::get_bot, bot::switch_bot))
        .routes(routes!(bot::switch_inbox_bot))
        .routes(routes!(parked::list))
        .routes(routes!(parked::read))
        .routes(routes!(parked::set_aside))
        .routes(routes!(letters::parked_raw))
        .routes(routes!(stream::events))
}

/// The description of the API, as it is checked in.
pub fn openapi_json() -> String {
    let (_, mut v1) = v1().split_for_parts();
    v1.merge(files::UploadDescription::openapi());
    let mut whole = Description::openapi();
    whole.merge(v1);
    let paths = std::mem::take(&mut whole.paths.paths);
    whole.paths.paths = paths.into_iter().map(|(path, item)| (format!("/api/v1{path}"), item)).collect();
    description::Whole.modify(&mut whole);
    let mut text = whole.to_pretty_json().expect("the description is plain data");
    text.push('\n');
    text
}
