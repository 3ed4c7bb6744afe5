//! Keys and certificates of the lab: one authority for the API servers and kubelets, and one Istio root with an
//! intermediate per cluster, as an operator plugs them in. Test material only.

use std::{fs, path::Path};

use anyhow::{Context as _, Result};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose, SanType,
};

/// An authority that signs for the lab.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    /// A self-signed root.
    pub(crate) fn root(name: &str) -> Result<Self> {
        Ok(Self(CertifiedIssuer::self_signed(authority_parameters(name), KeyPair::generate()?)?))
    }

    /// An authority signed by this one.
    pub(crate) fn intermediate(&self, name: &str) -> Result<Self> {
        Ok(Self(CertifiedIssuer::signed_by(authority_parameters(name), KeyPair::generate()?, &self.0)?))
    }

    pub(crate) fn certificate(&self) -> String {
        self.0.pem()
    }

    pub(crate) fn key(&self) -> String {
        self.0.key().serialize_pem()
    }

    /// Writes a server's certificate and key for DNS names and addresses.
    pub(crate) fn write_server(&self, names: &[&str], certificate: &Path, key: &Path) -> Result<()> {
        let mut parameters = CertificateParams::default();
        parameters.distinguished_name.push(DnType::CommonName, names.first().copied().unwrap_or("server"));
        for name in names {
            parameters.subject_alt_names.push(match name.parse() {
                Ok(address) => SanType::IpAddress(address),
                Err(_) => SanType::DnsName((*name).try_into()?),
            });
        }
        let pair = KeyPair::generate()?;
        let signed = parameters.signed_by(&pair, &self.0)?;
        write(certificate, &signed.pem())?;
        write(key, &pair.serialize_pem())
    }
}

/// Writes a key pair in the form the API server signs service account tokens with.
pub(crate) fn write_signing_key(private: &Path, public: &Path) -> Result<()> {
    let pair = KeyPair::generate()?;
    write(private, &pair.serialize_pem())?;
    write(public, &pair.public_key_pem())
}

pub(crate) fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}

fn authority_parameters(name: &str) -> CertificateParams {
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name.push(DnType::OrganizationName, "mesh-lab");
    parameters.distinguished_name.push(DnType::CommonName, name);
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    parameters.key_usages =
        vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign, KeyUsagePurpose::DigitalSignature];
    parameters
}
