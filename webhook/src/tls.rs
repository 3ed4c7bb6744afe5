//! The certificate that is served: read from two files, watched by content, replaced without a restart.
//!
//! The files are polled, not watched: a kubelet swaps the directory above them, and a watch on a file fires
//! once and never again. A pair that does not fit or has expired is not taken; the old one stays.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use rustls::crypto::{CryptoProvider, ring};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use sha2::{Digest as _, Sha256};

use crate::metrics::{Metrics, Success};

/// How often the files are looked at: a new certificate is served within 15 s of its mount.
const POLL: Duration = Duration::from_secs(10);

/// Two PEM files.
#[derive(Clone, Debug)]
pub struct Files {
    /// Certificate chain, leaf first.
    pub certificate: PathBuf,
    /// Private key: PKCS#8, PKCS#1 or SEC1.
    pub key: PathBuf,
}

/// A pair of files that cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// A file cannot be read.
    #[error("cannot read {path}: {source}; mount the Secret of type kubernetes.io/tls there")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file holds no PEM of the wanted form.
    #[error("{path} holds no {what} in PEM form")]
    Pem {
        /// The file.
        path: PathBuf,
        /// `certificate` or `private key`.
        what: &'static str,
    },
    /// Key and certificate cannot be used together.
    #[error("{key} does not fit {certificate}: {source}")]
    Pair {
        /// The certificate's file.
        certificate: PathBuf,
        /// The key's file.
        key: PathBuf,
        /// Why.
        source: rustls::Error,
    },
    /// The certificate does not hold now.
    #[error("the certificate in {path} is not valid now: renew it")]
    Expired {
        /// The file.
        path: PathBuf,
    },
}

/// What the acceptor serves.
#[derive(Debug)]
pub struct Certificates {
    files: Files,
    served: ArcSwap<Served>,
}

#[derive(Debug)]
struct Served {
    key: Arc<CertifiedKey>,
    not_after: i64,
    digest: [u8; 32],
}

impl Certificates {
    /// Reads the pair for the first time.
    pub fn load(files: Files) -> Result<Self, CertificateError> {
        let content = Content::read(&files)?;
        let served = content.checked(&files)?;
        Ok(Self { files, served: ArcSwap::from_pointee(served) })
    }

    /// End of validity of the certificate that is served, seconds since 1970 UTC.
    #[must_use]
    pub fn not_after(&self) -> i64 {
        self.served.load().not_after
    }

    /// True while the certificate that is served has not expired.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        now() < self.not_after()
    }

    /// Takes the files' pair if it changed; true when another one is served now.
    pub fn reload(&self) -> Result<bool, CertificateError> {
        let content = Content::read(&self.files)?;
        if content.digest() == self.served.load().digest {
            return Ok(false);
        }
        self.served.store(Arc::new(content.checked(&self.files)?));
        Ok(true)
    }

    /// Reloads for ever. A failure is told once, until something else happens.
    pub async fn watch(self: Arc<Self>, metrics: Arc<Metrics>) {
        let mut told = String::new();
        loop {
            tokio::time::sleep(POLL).await;
            let here = Arc::clone(&self);
            let Ok(result) = tokio::task::spawn_blocking(move || here.reload()).await else { continue };
            match result {
                Ok(false) => told.clear(),
                Ok(true) => {
                    told.clear();
                    metrics.reload(Success::Ok);
                    metrics.serves_until(self.not_after());
                    tracing::info!(not_after = self.not_after(), "serving a new certificate");
                }
                Err(error) => {
                    let text = error.to_string();
                    if text != told {
                        metrics.reload(Success::Failed);
                        tracing::error!(error = text, "keeping the old certificate");
                        told = text;
                    }
                }
            }
        }
    }

    /// TLS 1.2 and 1.3, HTTP/1.1 (API servers speak no other to services), session tickets, any SNI.
    ///
    /// # Panics
    /// If ring lost the protocol versions or ciphers it has.
    #[must_use]
    pub fn server_config(self: &Arc<Self>) -> ServerConfig {
        let mut config = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .expect("ring offers both versions of TLS")
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(self) as Arc<dyn ResolvesServerCert>);
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        config.ticketer = ring::Ticketer::new().expect("ring makes tickets");
        config
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.served.load().key))
    }
}

/// The bytes of both files.
struct Content {
    certificate: Vec<u8>,
    key: Vec<u8>,
}

impl Content {
    fn read(files: &Files) -> Result<Self, CertificateError> {
        let read = |path: &Path| {
            std::fs::read(path).map_err(|source| CertificateError::Read { path: path.to_owned(), source })
        };
        Ok(Self { certificate: read(&files.certificate)?, key: read(&files.key)? })
    }

    fn digest(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(self.certificate.len().to_le_bytes());
        hash.update(&self.certificate);
        hash.update(&self.key);
        hash.finalize().into()
    }

    fn checked(&self, files: &Files) -> Result<Served, CertificateError> {
        let pem = |path: &Path, what| CertificateError::Pem { path: path.to_owned(), what };
        let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(&self.certificate)
            .collect::<Result<_, _>>()
            .map_err(|_| pem(&files.certificate, "certificate"))?;
        let leaf = chain.first().ok_or_else(|| pem(&files.certificate, "certificate"))?;
        let (_, parsed) =
            x509_parser::parse_x509_certificate(leaf).map_err(|_| pem(&files.certificate, "certificate"))?;
        let validity = parsed.validity();
        let (not_before, not_after) = (validity.not_before.timestamp(), validity.not_after.timestamp());
        if !(not_before..not_after).contains(&now()) {
            return Err(CertificateError::Expired { path: files.certificate.clone() });
        }
        let key = PrivateKeyDer::from_pem_slice(&self.key).map_err(|_| pem(&files.key, "private key"))?;
        let key = CertifiedKey::from_der(chain, key, &provider()).map_err(|source| {
            CertificateError::Pair { certificate: files.certificate.clone(), key: files.key.clone(), source }
        })?;
        Ok(Served { key: Arc::new(key), not_after, digest: self.digest() })
    }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

/// Seconds since 1970 UTC.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ED25519};
    use tempfile::TempDir;

    use super::*;

    /// A directory as a kubelet mounts a Secret: files are links into a directory behind `..data`.
    struct Mount {
        root: TempDir,
        generation: u32,
    }

    impl Mount {
        fn new() -> Self {
            let root = TempDir::new().unwrap();
            for name in ["tls.crt", "tls.key"] {
                symlink(Path::new("..data").join(name), root.path().join(name)).unwrap();
            }
            Self { root, generation: 0 }
        }

        fn swap(&mut self, certificate: &str, key: &str) {
            self.generation += 1;
            let name = format!("..{}", self.generation);
            let directory = self.root.path().join(&name);
            fs::create_dir(&directory).unwrap();
            fs::write(directory.join("tls.crt"), certificate).unwrap();
            fs::write(directory.join("tls.key"), key).unwrap();
            let link = self.root.path().join("..data_tmp");
            symlink(name, &link).unwrap();
            fs::rename(link, self.root.path().join("..data")).unwrap();
        }

        fn files(&self) -> Files {
            Files { certificate: self.root.path().join("tls.crt"), key: self.root.path().join("tls.key") }
        }
    }

    fn pair(set: impl FnOnce(&mut CertificateParams)) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let mut parameters = CertificateParams::new(["webhook.mesh.svc".to_owned()]).unwrap();
        set(&mut parameters);
        (parameters.self_signed(&key).unwrap().pem(), key.serialize_pem())
    }

    fn mounted() -> (Mount, Certificates) {
        let mut mount = Mount::new();
        let (certificate, key) = pair(|_| {});
        mount.swap(&certificate, &key);
        let certificates = Certificates::load(mount.files()).unwrap();
        (mount, certificates)
    }

    fn served(certificates: &Certificates) -> Vec<u8> {
        certificates.served.load().key.cert[0].to_vec()
    }

    #[test]
    fn swapped_directories_are_noticed_again_and_again() {
        let (mut mount, certificates) = mounted();
        for _ in 0..3 {
            let before = served(&certificates);
            assert!(!certificates.reload().unwrap());
            let (certificate, key) = pair(|_| {});
            mount.swap(&certificate, &key);
            assert!(certificates.reload().unwrap());
            assert_ne!(served(&certificates), before);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_new_pair_is_served_within_fifteen_seconds_and_counted() {
        let (mut mount, certificates) = mounted();
        let (certificates, metrics) = (Arc::new(certificates), Arc::new(Metrics::new(&[])));
        let watching = tokio::spawn(Arc::clone(&certificates).watch(Arc::clone(&metrics)));
        for (content, result) in [(Some(pair(|_| {})), "Ok"), (None, "Failed")] {
            let before = served(&certificates);
            let (certificate, key) = content.unwrap_or_default();
            mount.swap(&certificate, &key);
            tokio::time::sleep(Duration::from_secs(15)).await;
            assert_eq!(served(&certificates) != before, result == "Ok");
            let line = format!("certificate_reloads_total{{result=\"{result}\"}} 1\n");
            assert!(metrics.text().contains(&line), "{}", metrics.text());
        }
        watching.abort();
    }

    #[test]
    fn a_pair_that_cannot_be_served_leaves_the_old_one() {
        let (mut mount, certificates) = mounted();
        let before = served(&certificates);
        let (certificate, key) = pair(|_| {});
        let (_, other) = pair(|_| {});
        let (expired, of_expired) = pair(|parameters| {
            parameters.not_before = rcgen::date_time_ymd(2001, 1, 1);
            parameters.not_after = rcgen::date_time_ymd(2002, 1, 1);
        });
        for (certificate, key, cause) in [
            (&*certificate, &*other, "does not fit"),
            ("", &*key, "no certificate"),
            ("no PEM", &*key, "no certificate"),
            (&*certificate, "", "no private key"),
            (&*certificate, &*certificate, "no private key"),
            (&*expired, &*of_expired, "not valid now"),
        ] {
            mount.swap(certificate, key);
            let error = certificates.reload().unwrap_err().to_string();
            assert!(error.contains(cause) && !error.contains("BEGIN"), "{error}");
            assert_eq!(served(&certificates), before);
        }
        fs::remove_file(mount.root.path().join("..data")).unwrap();
        assert!(matches!(certificates.reload(), Err(CertificateError::Read { .. })));
        mount.swap(&certificate, &key);
        assert!(certificates.reload().unwrap());
    }

    #[test]
    fn keys_of_each_curve_and_chains_are_served() {
        let mut mount = Mount::new();
        for algorithm in [&PKCS_ECDSA_P256_SHA256, &PKCS_ECDSA_P384_SHA384, &PKCS_ED25519] {
            let key = KeyPair::generate_for(algorithm).unwrap();
            let leaf = CertificateParams::new(["a".to_owned()]).unwrap().self_signed(&key).unwrap().pem();
            mount.swap(&format!("{leaf}{}", pair(|_| {}).0), &key.serialize_pem());
            let certificates = Certificates::load(mount.files()).unwrap();
            assert_eq!(certificates.served.load().key.cert.len(), 2);
            assert!(certificates.is_valid());
        }
    }
}
