//! Reads the server certificate.

use std::path::PathBuf;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// The name of HTTP/2 in the choice of protocols.
pub(crate) const ALPN_HTTP2: &[u8] = b"h2";

/// The PEM files of the server certificate. Both are read again when they change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateFiles {
    /// The certificate, followed by any intermediate ones.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// Why a certificate cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// A file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file holds no certificate or no key in PEM form.
    #[error("no {wanted} in {}: {source}", path.display())]
    Pem {
        /// The file.
        path: PathBuf,
        /// What was looked for.
        wanted: &'static str,
        /// What the reader said.
        source: rustls::pki_types::pem::Error,
    },
    /// The certificate and the key do not fit together, or are of no known kind.
    #[error("{} and {} cannot be used together: {source}", files.certificate.display(), files.key.display())]
    Unfit {
        /// The files.
        files: CertificateFiles,
        /// What the TLS library said.
        source: rustls::Error,
    },
}

/// Reads both files into a TLS configuration for HTTP/2 and HTTP/1.1.
///
/// # Errors
/// [`CertificateError`] naming the file that cannot be used.
pub(crate) async fn load(files: &CertificateFiles) -> Result<ServerConfig, CertificateError> {
    let read = async |path: &PathBuf| {
        tokio::fs::read(path).await.map_err(|source| CertificateError::Read { path: path.clone(), source })
    };
    let pem = |wanted, path: &PathBuf| {
        let path = path.clone();
        move |source| CertificateError::Pem { path, wanted, source }
    };
    let chain = CertificateDer::pem_slice_iter(&read(&files.certificate).await?)
        .collect::<Result<Vec<_>, _>>()
        .map_err(pem("certificate", &files.certificate))?;
    let key = PrivateKeyDer::from_pem_slice(&read(&files.key).await?).map_err(pem("private key", &files.key))?;
    let unfit = |source| CertificateError::Unfit { files: files.clone(), source };
    // The provider is named here, so that a program using this crate need not install one.
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(unfit)?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(unfit)?;
    config.alpn_protocols = vec![ALPN_HTTP2.to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}
