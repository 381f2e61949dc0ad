//! What the bot may do in a channel, as the server's roles and the channel's own settings add up. Pure.
//!
//! <https://discord.com/developers/docs/topics/permissions#permission-overwrites>

use serde::{Deserialize, Deserializer, de::Error as _};

use crate::snowflake::Snowflake;

/// Everything, in every channel.
const ADMINISTRATOR: u64 = 1 << 3;

/// A permission: its bit, and what Discord's settings call it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Permission(u64, &'static str);

const READING: [Permission; 2] =
    [Permission(1 << 10, "View Channel"), Permission(1 << 16, "Read Message History")];
const ANSWERING: [Permission; 3] = [
    Permission(1 << 38, "Send Messages in Threads"),
    Permission(1 << 14, "Embed Links"),
    Permission(1 << 15, "Attach Files"),
];
/// The line that says where to go on, and the thread that it names.
const INVITING: [Permission; 2] =
    [Permission(1 << 11, "Send Messages"), Permission(1 << 36, "Create Private Threads")];

/// A server, as far as it decides what its members may do.
#[derive(Debug, Deserialize)]
pub struct Guild {
    /// Its id; everybody's role has it, too.
    pub id: Snowflake,
    /// Who may do everything.
    pub owner_id: Snowflake,
    /// Its roles.
    pub roles: Vec<Role>,
}

/// A role.
#[derive(Debug, Deserialize)]
pub struct Role {
    /// Its id.
    pub id: Snowflake,
    /// What it allows.
    #[serde(deserialize_with = "bits")]
    pub permissions: u64,
}

/// A member of a server.
#[derive(Debug, Deserialize)]
pub struct Member {
    /// The roles, everybody's aside.
    pub roles: Vec<Snowflake>,
}

/// What a channel allows and forbids a role or a member.
#[derive(Debug, Clone, Deserialize)]
pub struct Overwrite {
    /// The role or the member.
    pub id: Snowflake,
    /// What is allowed whatever the roles say.
    #[serde(deserialize_with = "bits")]
    pub allow: u64,
    /// What is forbidden, likewise.
    #[serde(deserialize_with = "bits")]
    pub deny: u64,
}

/// What a user may do in a channel with these overwrites.
pub fn held(guild: &Guild, user: Snowflake, member: &Member, overwrites: &[Overwrite]) -> u64 {
    let has = |id: Snowflake| id == guild.id || member.roles.contains(&id);
    let roles = guild.roles.iter().filter(|role| has(role.id));
    let base = roles.fold(0, |held, role| held | role.permissions);
    if base & ADMINISTRATOR != 0 || user == guild.owner_id {
        return u64::MAX;
    }
    let apply = |held: u64, concerns: &dyn Fn(Snowflake) -> bool| {
        let (allow, deny) = overwrites
            .iter()
            .filter(|overwrite| concerns(overwrite.id))
            .fold((0, 0), |(allow, deny), overwrite| (allow | overwrite.allow, deny | overwrite.deny));
        (held & !deny) | allow
    };
    // Each step goes over the one before it: everybody, the roles together, the member alone.
    let held = apply(base, &|id| id == guild.id);
    let held = apply(held, &|id| member.roles.contains(&id));
    apply(held, &|id| id == user)
}

/// What is missing in the support channel, or in the forum, by the names of Discord's settings.
pub fn missing(held: u64, forum: bool) -> Vec<&'static str> {
    let inviting = INVITING.iter().filter(|_| !forum);
    let wanted = READING.iter().chain(inviting).chain(&ANSWERING);
    wanted.filter(|permission| held & permission.0 == 0).map(|permission| permission.1).collect()
}

/// Bits as a number in a text.
fn bits<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    const USER: Snowflake = Snowflake(9);
    const VIEW: u64 = 1 << 10;
    const SEND: u64 = 1 << 11;

    fn guild(everybody: u64, shop: u64) -> Guild {
        let role = |id, permissions| Role { id: Snowflake(id), permissions };
        Guild {
            id: Snowflake(1),
            owner_id: Snowflake(8),
            roles: vec![role(1, everybody), role(2, shop), role(3, !0)],
        }
    }

    fn held_with(guild: &Guild, overwrites: &[(u64, u64, u64)]) -> u64 {
        let overwrites: Vec<_> = overwrites
            .iter()
            .map(|&(id, allow, deny)| Overwrite { id: Snowflake(id), allow, deny })
            .collect();
        held(guild, USER, &Member { roles: vec![Snowflake(2), Snowflake(4)] }, &overwrites)
    }

    #[test]
    fn a_members_own_setting_goes_over_its_roles_and_those_over_everybodys() {
        let guild = guild(VIEW, SEND);
        assert_eq!(held_with(&guild, &[]), VIEW | SEND, "the roles together, and none that it has not");
        assert_eq!(held_with(&guild, &[(1, 0, VIEW | SEND)]), 0);
        assert_eq!(held_with(&guild, &[(1, 0, VIEW | SEND), (2, VIEW, 0)]), VIEW);
        assert_eq!(held_with(&guild, &[(2, 0, SEND), (4, SEND, 0)]), VIEW | SEND, "one role allows it");
        assert_eq!(held_with(&guild, &[(9, 0, SEND), (2, SEND, 0)]), VIEW, "in whatever order they stand");
        assert_eq!(held_with(&guild, &[(3, 0, !0), (7, 0, !0)]), VIEW | SEND, "others don't concern it");
    }

    #[test]
    fn an_administrator_and_the_owner_may_do_everything_everywhere() {
        assert_eq!(held_with(&guild(0, ADMINISTRATOR), &[(9, 0, !0)]), u64::MAX);
        let owned = Guild { owner_id: USER, ..guild(0, 0) };
        assert_eq!(held_with(&owned, &[(1, 0, !0)]), u64::MAX);
    }

    #[test]
    fn the_link_of_the_documentation_gives_what_is_needed_and_no_more() {
        let link = 343_597_501_440;
        assert_eq!((missing(link, false), missing(link, true)), (Vec::new(), Vec::new()));
        let all = READING.iter().chain(&INVITING).chain(&ANSWERING);
        assert_eq!(all.fold(0, |bits, permission| bits | permission.0), link);
        assert_eq!(missing(!SEND, false), ["Send Messages"]);
        assert_eq!(missing(!SEND, true), Vec::<&str>::new(), "the bot begins no post");
    }
}
