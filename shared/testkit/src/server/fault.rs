//! What goes wrong, and for which requests.

use std::time::Duration;

/// What a request gets instead of its answer.
#[derive(Clone, Debug)]
pub enum Fault {
    /// This status with a `Status` object as its body.
    Status {
        /// HTTP status code.
        code: u16,
        /// `reason` of the `Status`.
        reason: &'static str,
        /// `message` of the `Status`.
        message: String,
        /// `Retry-After`, in seconds.
        retry_after: Option<u64>,
    },
    /// Nothing, for ever.
    Hang,
    /// The right answer in four parts, with this pause before each.
    SlowBody(Duration),
    /// The first half of the right answer, then the connection is closed.
    CutBody,
    /// 200 with these bytes.
    Body(String),
}

impl Fault {
    fn status(code: u16, reason: &'static str, message: impl Into<String>) -> Self {
        Self::Status { code, reason, message: message.into(), retry_after: None }
    }

    /// 401, as for an expired token.
    #[must_use]
    pub fn unauthorized() -> Self {
        Self::status(401, "Unauthorized", "Unauthorized")
    }

    /// 403 with the sentence of a real API server.
    #[must_use]
    pub fn forbidden(resource: &str) -> Self {
        let message = format!(
            "{resource} is forbidden: User \"reader\" cannot list resource \"{resource}\" in API group \"\" at the \
             cluster scope"
        );
        Self::status(403, "Forbidden", message)
    }

    /// 410, as for a continue token that is too old.
    #[must_use]
    pub fn expired() -> Self {
        Self::status(
            410,
            "Expired",
            "The provided continue parameter is too old to display a consistent list result.",
        )
    }

    /// 429 with `Retry-After` in seconds.
    #[must_use]
    pub fn too_many_requests(retry_after: Option<u64>) -> Self {
        let message = "too many requests, please try again later".to_owned();
        Self::Status { code: 429, reason: "TooManyRequests", message, retry_after }
    }

    /// 503.
    #[must_use]
    pub fn unavailable() -> Self {
        Self::status(503, "ServiceUnavailable", "apiserver is shutting down")
    }
}

/// The requests a fault is for.
#[derive(Clone, Debug)]
pub struct When {
    path: Option<String>,
    continued: Option<bool>,
    spared: usize,
    left: Option<usize>,
}

impl When {
    /// Every request.
    #[must_use]
    pub const fn always() -> Self {
        Self { path: None, continued: None, spared: 0, left: None }
    }

    /// Requests of exactly this path, for example `/version`.
    #[must_use]
    pub fn path(path: &str) -> Self {
        Self { path: Some(path.to_owned()), ..Self::always() }
    }

    /// Lists of this resource in any group, version and namespace.
    #[must_use]
    pub fn listing(plural: &str) -> Self {
        Self::path(&format!("*/{plural}"))
    }

    /// Only requests with a continue token.
    #[must_use]
    pub const fn continued(mut self) -> Self {
        self.continued = Some(true);
        self
    }

    /// All but the first `times` of them.
    #[must_use]
    pub const fn after(mut self, times: usize) -> Self {
        self.spared = times;
        self
    }

    /// Only the first `times` of them, those [spared](Self::after) not counted.
    #[must_use]
    pub const fn first(mut self, times: usize) -> Self {
        self.left = Some(times);
        self
    }

    /// True when the request is meant; counts it.
    pub(super) fn takes(&mut self, path: &str, continued: bool) -> bool {
        let path_fits = match self.path.as_deref() {
            None => true,
            Some(wanted) => wanted.strip_prefix('*').map_or(path == wanted, |tail| path.ends_with(tail)),
        };
        if !path_fits || self.continued.is_some_and(|wanted| wanted != continued) || self.left == Some(0) {
            return false;
        }
        if self.spared > 0 {
            self.spared -= 1;
            return false;
        }
        if let Some(left) = &mut self.left {
            *left -= 1;
        }
        true
    }
}
