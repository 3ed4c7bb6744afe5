//! Yes, no, or unknown with the reason: what is said about a call of which not everything is known.

use std::ops::Not;

/// An answer that may be missing. `Unknown` never passes for yes or no.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Truth {
    /// It holds.
    Yes,
    /// It does not hold.
    No,
    /// What would decide is not known; the text says what.
    Unknown(String),
}

impl Truth {
    /// Yes or no.
    #[must_use]
    pub const fn of(holds: bool) -> Self {
        if holds { Self::Yes } else { Self::No }
    }

    /// All must hold. A no decides also where another is unknown; the first unknown is the reason.
    #[must_use]
    pub fn all(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut result = Self::Yes;
        for part in parts {
            match part {
                Self::No => return Self::No,
                Self::Unknown(_) if result == Self::Yes => result = part,
                Self::Yes | Self::Unknown(_) => {}
            }
        }
        result
    }

    /// One must hold. A yes decides also where another is unknown; the first unknown is the reason.
    #[must_use]
    pub fn any(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut result = Self::No;
        for part in parts {
            match part {
                Self::Yes => return Self::Yes,
                Self::Unknown(_) if result == Self::No => result = part,
                Self::No | Self::Unknown(_) => {}
            }
        }
        result
    }
}

impl Not for Truth {
    type Output = Self;

    fn not(self) -> Self {
        match self {
            Self::Yes => Self::No,
            Self::No => Self::Yes,
            Self::Unknown(reason) => Self::Unknown(reason),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_unknown_decides_nothing_and_hides_nothing() {
        let unknown = |text: &str| Truth::Unknown(text.to_owned());
        assert_eq!(Truth::all([Truth::Yes, unknown("a"), unknown("b")]), unknown("a"));
        assert_eq!(Truth::all([unknown("a"), Truth::No]), Truth::No);
        assert_eq!(Truth::any([Truth::No, unknown("a")]), unknown("a"));
        assert_eq!(Truth::any([unknown("a"), Truth::Yes]), Truth::Yes);
        assert_eq!(!unknown("a"), unknown("a"));
        assert_eq!((Truth::all([]), Truth::any([])), (Truth::Yes, Truth::No));
    }
}
