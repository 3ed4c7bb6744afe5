//! PEM text into certificates as facts.

use mesh_model::{Certificate, CertificateBundle, Digest};
use sha2::{Digest as _, Sha256};
use x509_parser::pem::Pem;
use x509_parser::prelude::X509Certificate;

/// Reads every `CERTIFICATE` block of `text`; other blocks, keys among them, are not decoded.
#[must_use]
pub fn parse_pem(text: &str) -> CertificateBundle {
    let mut bundle = CertificateBundle::default();
    for block in Pem::iter_from_buffer(text.as_bytes()) {
        let block = match block {
            Ok(block) => block,
            Err(error) => {
                bundle.broken.push(format!("a PEM block cannot be read: {error}"));
                continue;
            }
        };
        if block.label != "CERTIFICATE" {
            continue;
        }
        match block.parse_x509() {
            Ok(certificate) => bundle.certificates.push(fact(&certificate, &block.contents)),
            Err(error) => bundle.broken.push(format!("a certificate cannot be read: {error}")),
        }
    }
    bundle
}

fn fact(certificate: &X509Certificate<'_>, der: &[u8]) -> Certificate {
    let is_ca = matches!(certificate.basic_constraints(), Ok(Some(constraints)) if constraints.value.ca);
    let self_issued = certificate.subject() == certificate.issuer();
    Certificate {
        subject: certificate.subject().to_string(),
        issuer: certificate.issuer().to_string(),
        fingerprint: Digest(Sha256::digest(der).into()),
        key: Digest(Sha256::digest(certificate.public_key().raw).into()),
        not_before: certificate.validity().not_before.timestamp(),
        not_after: certificate.validity().not_after.timestamp(),
        is_ca,
        self_signed: self_issued && certificate.verify_signature(None).is_ok(),
    }
}
