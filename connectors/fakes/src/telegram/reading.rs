//! The methods that only tell: who the bot is, and what a chat or a connection is.

use serde_json::{Value, json};

use super::{Shared, api::Refusal, place::chat_of, spec::Params, world::World};

pub(crate) fn read(shared: &Shared, method: &str, params: &Params) -> Result<Value, Refusal> {
    shared.with(|world| match method {
        "getMe" => Ok(me(world)),
        "getChat" => chat(world, params),
        "getChatMember" => member(world, params),
        "getBusinessConnection" => {
            let found = world.connection(params.text("business_connection_id").unwrap_or_default());
            let found = found.ok_or_else(|| Refusal::bad("business connection not found"))?;
            Ok(found.as_json(&world.user_json(found.owner)))
        }
        _ => Ok(json!(true)),
    })
}

fn me(world: &World) -> Value {
    let mut me = world.bot.as_json();
    me["can_join_groups"] = true.into();
    me["can_read_all_group_messages"] = (!world.privacy).into();
    me["supports_inline_queries"] = false.into();
    me["can_connect_to_business"] = true.into();
    me["has_main_web_app"] = false.into();
    me
}

fn chat(world: &World, params: &Params) -> Result<Value, Refusal> {
    let mut chat = chat_of(world, params)?.as_json();
    chat["accent_color_id"] = 0.into();
    chat["max_reaction_count"] = 11.into();
    chat["accepted_gift_types"] = json!({
        "unlimited_gifts": false, "limited_gifts": false, "unique_gifts": false, "premium_subscription": false,
        "gifts_from_channels": false,
    });
    Ok(chat)
}

fn member(world: &World, params: &Params) -> Result<Value, Refusal> {
    let chat = chat_of(world, params)?;
    let user = params.integer("user_id").unwrap_or(0);
    if user == world.bot.id {
        return Ok(world.bot_as_member(chat.bot));
    }
    let json = world.user_json(user);
    match (json.is_null(), chat.members.contains(&user)) {
        (true, _) => Err(Refusal::bad("user not found")),
        (false, true) => Ok(json!({"status": "member", "user": json})),
        (false, false) => Ok(json!({"status": "left", "user": json})),
    }
}
