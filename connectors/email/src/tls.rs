//! TLS to the mailbox's servers: the certificate has to bear the server's name, and its root is a public
//! one, or one of the configured ones alone.

use std::{io, sync::Arc};

use rustls::{
    CertificateError, ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, ServerName, pem::PemObject as _},
};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::{TlsConnector, client::TlsStream};

use crate::{config::Server, error::EmailError};

/// TLS to one server.
#[derive(Clone)]
pub(crate) struct Tls {
    connector: TlsConnector,
    name: ServerName<'static>,
}

impl Tls {
    pub(crate) fn new(server: &Server) -> Result<Self, EmailError> {
        let name = ServerName::try_from(server.host.clone()).map_err(|_| EmailError::ServerName)?;
        let mut roots = RootCertStore::empty();
        match &server.roots {
            None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
            Some(pem) => {
                for root in CertificateDer::pem_slice_iter(pem.as_bytes()) {
                    root.ok().and_then(|root| roots.add(root).ok()).ok_or(EmailError::Roots)?;
                }
                if roots.is_empty() {
                    return Err(EmailError::Roots);
                }
            }
        }
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|_| EmailError::Roots)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { connector: TlsConnector::from(Arc::new(config)), name })
    }

    /// Does the handshake.
    pub(crate) async fn connect<S>(&self, stream: S) -> io::Result<TlsStream<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        self.connector.connect(self.name.clone(), stream).await
    }
}

/// What is wrong with the server's certificate, or with its TLS, for a person; `None` where the connection
/// failed for another reason.
pub(crate) fn wrong_tls(error: &io::Error) -> Option<&'static str> {
    let error = error.get_ref()?.downcast_ref::<rustls::Error>()?;
    let rustls::Error::InvalidCertificate(wrong) = error else {
        return Some("the server speaks no TLS here that we do; see the keys port and security");
    };
    Some(match wrong {
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "the server's certificate is for another name than the configured host"
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "the server's certificate has expired"
        }
        CertificateError::UnknownIssuer => {
            "the server's certificate is signed by nobody that is trusted; see the key ca"
        }
        _ => "the server's certificate is not valid",
    })
}
