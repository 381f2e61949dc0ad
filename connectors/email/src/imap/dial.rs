//! Connecting and signing in: never without TLS but to this machine, and nothing said before it counts.

use std::{io, sync::Arc};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use rapport_sdk::model::Secret;
use tokio::{net::TcpStream, time::timeout};

use super::{
    Patience,
    answer::{BROKEN, SILENT, Trouble},
    link::{ALLOWANCE, Link},
    wire::Wire,
};
use crate::{
    config::{Auth, EmailSettings, Security, Server},
    error::EmailError,
    smtp::AccessTokens,
    tls::{Tls, wrong_tls},
};

/// What is said where somebody listens and says nothing, as a server does that waits for TLS.
const MUTE: Trouble = Trouble::Lost(
    "the server says nothing; where its port begins with TLS, set security to \"tls\": see the keys port and security",
);

/// Opens connections to one mailbox.
#[derive(Clone)]
pub(crate) struct Dialer {
    server: Server,
    tls: Tls,
    access: Access,
    patience: Patience,
}

/// How to sign in.
#[derive(Clone)]
enum Access {
    Password { user: String, password: Secret },
    Token { user: String, source: Arc<dyn AccessTokens> },
}

impl Dialer {
    pub(crate) fn new(
        settings: &EmailSettings,
        tokens: Option<Arc<dyn AccessTokens>>,
        patience: Patience,
    ) -> Result<Self, EmailError> {
        let access = match &settings.auth {
            Auth::Password { user, password } => {
                Access::Password { user: user.clone(), password: password.clone() }
            }
            Auth::XOAuth2 { user, .. } => {
                Access::Token { user: user.clone(), source: tokens.ok_or(EmailError::AccessTokens)? }
            }
        };
        Ok(Self { server: settings.imap.clone(), tls: Tls::new(&settings.imap)?, access, patience })
    }

    /// A connection that is signed in.
    pub(crate) async fn dial(&self) -> Result<Link, Trouble> {
        match &self.access {
            Access::Password { user, password } => {
                let mut link = self.connect().await?;
                with_password(&mut link, user, password).await?;
                ready(link).await
            }
            Access::Token { user, source } => {
                let mut token = source.access_token(false).await.map_err(Trouble::Token)?;
                let mut link = self.connect().await?;
                if with_token(&mut link, user, &token).await == Err(Trouble::Unauthorized) {
                    // It may have been revoked, or run out earlier than was said.
                    token = source.access_token(true).await.map_err(Trouble::Token)?;
                    link = self.connect().await?;
                    with_token(&mut link, user, &token).await?;
                }
                ready(link).await
            }
        }
    }

    /// A connection that is greeted, and private where it has to be.
    async fn connect(&self) -> Result<Link, Trouble> {
        let mut wire = Wire::over(self.reach().await?);
        if self.server.security == Security::Tls {
            wire = self.secure(wire).await?;
        }
        let mut link = Link::over(wire, self.patience);
        let signed_in = link.greeting().await.map_err(|trouble| {
            if trouble == SILENT && self.server.security != Security::Tls { MUTE } else { trouble }
        })?;
        if signed_in && self.server.security != Security::None {
            let reason = "the server takes us for signed in before we did so; set security to tls".to_owned();
            return Err(Trouble::Misconfigured(reason));
        }
        if self.server.security != Security::StartTls {
            return Ok(link);
        }
        if !link.capabilities().await?.iter().any(|offered| offered == "STARTTLS") {
            let reason =
                "the server offers no STARTTLS, or somebody on the way removed it; set security to tls";
            return Err(Trouble::Misconfigured(reason.to_owned()));
        }
        if link.command("STARTTLS", ALLOWANCE, |_| {}).await?.refusal.is_some() {
            let reason = "the server refuses to go over to TLS; set security to tls".to_owned();
            return Err(Trouble::Misconfigured(reason));
        }
        // Whatever came in the clear behind the answer goes with the parser that holds it, and so does
        // what the server said that it can do.
        Ok(Link::over(self.secure(link.into_wire()).await?, self.patience))
    }

    async fn secure(&self, wire: Wire) -> Result<Wire, Trouble> {
        let secured = timeout(self.patience.connect, wire.secure(&self.tls)).await;
        secured.map_err(|_| SILENT)?.map_err(|error| insecure(&error))
    }

    async fn reach(&self) -> Result<TcpStream, Trouble> {
        const UNKNOWN: Trouble = Trouble::Lost("the server's name can't be found");
        let found = tokio::net::lookup_host((&self.server.host[..], self.server.port));
        let found = timeout(self.patience.connect, found).await.map_err(|_| UNKNOWN)?;
        let addresses: Vec<_> = found.map_err(|_| UNKNOWN)?.collect();
        let elsewhere = addresses.iter().any(|address| !address.ip().is_loopback());
        if self.server.security == Security::None && elsewhere {
            let reason = "without TLS only a server on this machine is used: set security to tls".to_owned();
            return Err(Trouble::Misconfigured(reason));
        }
        for address in addresses {
            if let Ok(Ok(stream)) = timeout(self.patience.connect, TcpStream::connect(address)).await {
                // A small command must not wait for the one before it to be acknowledged.
                let _ = stream.set_nodelay(true);
                return Ok(stream);
            }
        }
        Err(Trouble::Lost("the server can't be reached"))
    }
}

async fn with_password(link: &mut Link, user: &str, password: &Secret) -> Result<(), Trouble> {
    let capabilities = link.capabilities().await?;
    let offers = |name: &str| capabilities.iter().any(|offered| offered == name);
    if offers("AUTH=PLAIN") {
        let response = STANDARD.encode(format!("\0{user}\0{}", password.expose()));
        return link.sign_in("AUTHENTICATE PLAIN", &[response.as_bytes()]).await;
    }
    if offers("LOGINDISABLED") {
        let reason = "the server takes no password here: set security to tls, or sign in otherwise";
        return Err(Trouble::Misconfigured(reason.to_owned()));
    }
    // As literals, which hold any byte.
    let (user, password) = (user.as_bytes(), password.expose().as_bytes());
    let second = [user, format!(" {{{}}}", password.len()).as_bytes()].concat();
    link.sign_in(&format!("LOGIN {{{}}}", user.len()), &[&second, password]).await
}

async fn with_token(link: &mut Link, user: &str, token: &Secret) -> Result<(), Trouble> {
    if !link.capabilities().await?.iter().any(|offered| offered == "AUTH=XOAUTH2") {
        let reason = "the server takes no access tokens (XOAUTH2): set auth to a password".to_owned();
        return Err(Trouble::Misconfigured(reason));
    }
    let response = STANDARD.encode(format!("user={user}\x01auth=Bearer {}\x01\x01", token.expose()));
    // Where it refuses, it explains first and wants an empty answer to that.
    link.sign_in("AUTHENTICATE XOAUTH2", &[response.as_bytes()]).await
}

async fn ready(mut link: Link) -> Result<Link, Trouble> {
    link.can_idle = link.capabilities().await?.iter().any(|offered| offered == "IDLE");
    Ok(link)
}

fn insecure(error: &io::Error) -> Trouble {
    wrong_tls(error).map_or(BROKEN, |reason| Trouble::Misconfigured(reason.to_owned()))
}
