//! Certificate and key: what can't be served is refused with its key when the configuration is read,
//! and not first when the bridge starts. Next: `src/server/tls.rs`, which listens.

use std::{path::Path, sync::Arc};

use rustls::{
    Error, ServerConfig,
    pki_types::{
        CertificateDer, PrivateKeyDer,
        pem::{self, PemObject as _},
    },
};

use super::{model::Tls, reader::Section};

/// Why certificate and key can't be served.
#[derive(Debug, thiserror::Error)]
#[error("server.tls.{key}: {reason}")]
pub struct TlsError {
    key: &'static str,
    reason: String,
}

impl Tls {
    /// What to speak TLS with, read from the files as they are now.
    pub fn server_config(&self) -> Result<ServerConfig, TlsError> {
        let wrong = |reason: String| TlsError { key: "key", reason };
        let (chain, key) = (self.chain()?, self.private_key()?);
        let mut config =
            ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
                .with_safe_default_protocol_versions()
                .map_err(|error| wrong(format!("TLS can't be spoken: {error}.")))?
                .with_no_client_auth()
                .with_single_cert(chain, key)
                .map_err(|error| {
                    let (cert, key) = (self.cert.display(), self.key.display());
                    wrong(match error {
                        Error::InconsistentKeys(_) => {
                            format!("{key} is not the key of the certificate in {cert}.")
                        }
                        other => format!("{key} and the certificate in {cert} can't be used: {other}."),
                    })
                })?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(config)
    }

    fn chain(&self) -> Result<Vec<CertificateDer<'static>>, TlsError> {
        CertificateDer::pem_file_iter(&self.cert)
            .and_then(Iterator::collect)
            .and_then(
                |chain: Vec<_>| if chain.is_empty() { Err(pem::Error::NoItemsFound) } else { Ok(chain) },
            )
            .map_err(|error| TlsError { key: "cert", reason: unread(&self.cert, "certificate", &error) })
    }

    fn private_key(&self) -> Result<PrivateKeyDer<'static>, TlsError> {
        PrivateKeyDer::from_pem_file(&self.key)
            .map_err(|error| TlsError { key: "key", reason: unread(&self.key, "private key", &error) })
    }
}

fn unread(path: &Path, what: &str, error: &pem::Error) -> String {
    let path = path.display();
    match error {
        pem::Error::Io(error) => format!("{path} can't be read: {error}."),
        pem::Error::NoItemsFound => format!("{path} holds no {what} in PEM form."),
        other => format!("{path} holds no {what} that can be read: {other}."),
    }
}

/// `[server.tls]`, where it is written. The files are tried.
pub(super) fn read(section: &Section<'_>) -> Option<Tls> {
    if !section.is_present() {
        return None;
    }
    let (cert, key) = (section.text("cert"), section.text("key"));
    section.finish();
    for (name, path) in [("cert", &cert), ("key", &key)] {
        if path.is_none() {
            section.missing(name, "tls = { cert = \"PATH\", key = \"PATH\" }.");
        }
    }
    let tls = Tls { cert: cert?.into(), key: key?.into() };
    let mut wrong: Vec<TlsError> =
        [tls.chain().err(), tls.private_key().err()].into_iter().flatten().collect();
    if wrong.is_empty() {
        wrong.extend(tls.server_config().err());
    }
    for error in wrong {
        section.refuse(error.key, error.reason, "");
    }
    Some(tls)
}
