//! Istio versions. Which behaviour begins with which version is data of its own (gates), not comparisons.

use std::fmt;
use std::str::FromStr;

/// `major.minor.patch` of an istiod, from its image tag or `--istio-version`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct IstioVersion {
    /// Major number.
    pub major: u16,
    /// Minor number.
    pub minor: u16,
    /// Patch number; 0 where the text names none.
    pub patch: u16,
}

/// The text is no Istio version.
#[derive(Debug, PartialEq, Eq)]
pub struct VersionError(String);

impl fmt::Display for VersionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is no Istio version such as 1.29 or 1.29.2", self.0)
    }
}
impl std::error::Error for VersionError {}

impl FromStr for IstioVersion {
    type Err = VersionError;

    /// Reads `1.29`, `1.29.2`, `v1.29.2`, `1.29.2-distroless`, `1.29-alpha.abc`.
    fn from_str(text: &str) -> Result<Self, VersionError> {
        let fail = || VersionError(text.to_owned());
        let bare = text.strip_prefix('v').unwrap_or(text);
        let numbers = bare.split(['-', '+', '_']).next().unwrap_or_default();
        let mut parts = numbers.split('.').map(str::parse::<u16>);
        let (Some(Ok(major)), Some(Ok(minor))) = (parts.next(), parts.next()) else { return Err(fail()) };
        let patch = match parts.next() {
            None => 0,
            Some(Ok(patch)) => patch,
            Some(Err(_)) => return Err(fail()),
        };
        Ok(Self { major, minor, patch })
    }
}

impl fmt::Display for IstioVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_of_real_images_parse_and_hashes_do_not() {
        let version = |text: &str| text.parse::<IstioVersion>().map(|v| v.to_string());
        assert_eq!(version("1.29.2-distroless").as_deref(), Ok("1.29.2"));
        assert_eq!(version("v1.31").as_deref(), Ok("1.31.0"));
        assert!(version("latest").is_err());
        assert!(version("1.29.x").is_err());
    }
}
