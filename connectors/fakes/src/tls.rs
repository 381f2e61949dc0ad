//! The certificates of fake and real servers, and TLS at the end of the fake ones.
//!
//! The keys are in the source for all to read: they prove nothing, and are good for loopback alone.

use std::sync::Arc;

use rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
};
use tokio_rustls::TlsAcceptor;

/// The root that signed the certificates, as PEM: what a client of a fake has to trust.
pub const ROOT: &str = include_str!("certificates/root.pem");

/// Which certificate a server shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Certificate {
    /// For `localhost` and 127.0.0.1.
    #[default]
    Localhost,
    /// For the same names, and no longer valid.
    Expired,
    /// For another name: right clients refuse it.
    Elsewhere,
}

impl Certificate {
    /// The certificate and its key, as PEM.
    pub(crate) fn pem(self) -> &'static str {
        match self {
            Self::Localhost => include_str!("certificates/localhost.pem"),
            Self::Expired => include_str!("certificates/expired.pem"),
            Self::Elsewhere => include_str!("certificates/elsewhere.pem"),
        }
    }
}

/// TLS with this certificate.
pub(crate) fn acceptor(certificate: Certificate) -> TlsAcceptor {
    let pem = certificate.pem();
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
    let key = PrivateKeyDer::from_pem_slice(pem.as_bytes());
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring has the default versions")
        .with_no_client_auth()
        .with_single_cert(chain.expect("the file is PEM"), key.expect("the file holds a key"))
        .expect("key and certificate fit");
    TlsAcceptor::from(Arc::new(config))
}
