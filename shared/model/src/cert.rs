//! Certificates as facts. `mesh-wire` parses them and checks the signatures; a private key never comes here.

use std::fmt;

/// SHA-256 of something, shown as hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// First and last bytes, enough to tell roots apart by eye: `41d0..7e`.
    #[must_use]
    pub fn short(&self) -> String {
        format!("{:02x}{:02x}..{:02x}", self.0[0], self.0[1], self.0[31])
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.short())
    }
}

/// One X.509 certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// Subject as text, for example `O=Istio, CN=Root CA`.
    pub subject: String,
    /// Issuer as text.
    pub issuer: String,
    /// SHA-256 of the DER bytes.
    pub fingerprint: Digest,
    /// SHA-256 of the public key: two certificates of one key vouch for the same signatures.
    pub key: Digest,
    /// Start of validity, seconds since 1970 UTC.
    pub not_before: i64,
    /// End of validity, seconds since 1970 UTC.
    pub not_after: i64,
    /// Basic constraint CA:TRUE.
    pub is_ca: bool,
    /// Subject equals issuer and the signature verifies with its own key.
    pub self_signed: bool,
}

/// The certificates of one PEM text, in its order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CertificateBundle {
    /// Certificates that parsed.
    pub certificates: Vec<Certificate>,
    /// One sentence for each PEM block that did not.
    pub broken: Vec<String>,
}
