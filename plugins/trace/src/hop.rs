//! One step on the way of a call, and what the steps together say.

use mesh_traffic::{Cause, Truth};

/// What happens at a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// The application resolves a name.
    Name,
    /// The sidecar picks a route.
    Route,
    /// The rule that shapes the Envoy cluster.
    Policy,
    /// The sidecar picks an endpoint.
    Endpoint,
    /// The east-west gateway that stands for it.
    Gateway,
    /// The server name by which the gateway passes on.
    Sni,
    /// Mutual TLS, or what is spoken instead.
    Mtls,
    /// The policies of the server.
    Authz,
    /// The workloads that answer.
    Pod,
}

impl Step {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Name => "NAME",
            Self::Route => "ROUTE",
            Self::Policy => "POLICY",
            Self::Endpoint => "ENDPOINT",
            Self::Gateway => "GATEWAY",
            Self::Sni => "SNI",
            Self::Mtls => "MTLS",
            Self::Authz => "AUTHZ",
            Self::Pod => "POD",
        }
    }
}

/// One step.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Hop {
    pub(crate) step: Step,
    /// What happens, or why it does not.
    pub(crate) what: String,
    pub(crate) cause: Cause,
    /// `Yes` when the call passes.
    pub(crate) passes: Truth,
    /// The rule that finds this failure.
    pub(crate) code: Option<&'static str>,
}

impl Hop {
    pub(crate) fn ok(step: Step, what: impl Into<String>, cause: Cause) -> Self {
        Self { step, what: what.into(), cause, passes: Truth::Yes, code: None }
    }

    pub(crate) fn fail(step: Step, what: impl Into<String>, cause: Cause) -> Self {
        Self { passes: Truth::No, ..Self::ok(step, what, cause) }
    }

    pub(crate) fn unknown(step: Step, what: impl Into<String>, cause: Cause) -> Self {
        let what = what.into();
        Self { passes: Truth::Unknown(what.clone()), ..Self::ok(step, what, cause) }
    }

    pub(crate) fn with_code(self, code: &'static str) -> Self {
        Self { code: Some(code).filter(|_| self.passes == Truth::No), ..self }
    }

    /// The same where something that it rests on was not read: it may fail, and does not pass.
    pub(crate) fn unless_lost(self, lost: Option<String>) -> Self {
        match lost {
            Some(lost) if self.passes == Truth::Yes => {
                Self { what: format!("{}; {lost}", self.what), passes: Truth::Unknown(lost), ..self }
            }
            _ => self,
        }
    }
}

/// The way of a call to one destination.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Journey {
    /// Name of the Envoy cluster; empty where the sidecar answers by itself.
    pub(crate) destination: String,
    /// Where it ends: a cluster, with the gateway on the way.
    pub(crate) via: String,
    /// Part of all calls that takes this way, 0 to 1.
    pub(crate) share: f64,
    pub(crate) hops: Vec<Hop>,
}

impl Journey {
    /// Position of the first hop that fails.
    pub(crate) fn fails_at(&self) -> Option<usize> {
        self.hops.iter().position(|hop| hop.passes == Truth::No)
    }

    /// Position of the first hop of which nothing is known, if none fails.
    pub(crate) fn unknown_at(&self) -> Option<usize> {
        let unknown = self.hops.iter().position(|hop| matches!(hop.passes, Truth::Unknown(_)));
        unknown.filter(|_| self.fails_at().is_none())
    }

    /// What the table says of a hop.
    pub(crate) fn result(&self, at: usize) -> &'static str {
        match self.fails_at() {
            Some(failing) if at > failing => "not reached",
            _ => computed(&self.hops[at]),
        }
    }
}

/// What a hop is by itself.
pub(crate) const fn computed(hop: &Hop) -> &'static str {
    match hop.passes {
        Truth::Yes => "ok",
        Truth::No => "FAIL",
        Truth::Unknown(_) => "unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn journey(passes: &[Truth]) -> Journey {
        let hop = |passes: &Truth| Hop {
            passes: passes.clone(),
            ..Hop::ok(Step::Name, "", Cause::Default("test"))
        };
        let hops = passes.iter().map(hop).collect();
        Journey { destination: String::new(), via: String::new(), share: 1.0, hops }
    }

    #[test]
    fn what_stands_behind_a_failure_is_not_reached() {
        let unknown = Truth::Unknown("x".to_owned());
        let failing = journey(&[Truth::Yes, unknown.clone(), Truth::No, Truth::Yes, Truth::No]);
        let results: Vec<_> = (0..5).map(|at| failing.result(at)).collect();
        assert_eq!(results, ["ok", "unknown", "FAIL", "not reached", "not reached"]);
        assert_eq!((failing.fails_at(), failing.unknown_at()), (Some(2), None));
        assert_eq!(journey(&[Truth::Yes, unknown]).unknown_at(), Some(1));
    }

    #[test]
    fn what_was_not_read_takes_back_a_pass_and_no_failure() {
        let lost = || Some("Pods of west are not known".to_owned());
        let hop = |passes| Hop { passes, ..Hop::ok(Step::Pod, "2 pods", Cause::Default("test")) };
        assert_eq!(computed(&hop(Truth::Yes).unless_lost(lost())), "unknown");
        assert_eq!(computed(&hop(Truth::No).unless_lost(lost())), "FAIL");
        assert_eq!(computed(&hop(Truth::Yes).unless_lost(None)), "ok");
    }
}
