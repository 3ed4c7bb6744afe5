//! Whether a workload takes a call: the AuthorizationPolicies that select it
//! (`istio: pilot/pkg/model/authorization.go`, `pilot/pkg/security/authz`).
//!
//! What depends on something that is not known (a token, a server outside, an address) is unknown, never allowed.
//! Policies for waypoints and gateways (`targetRefs`) are not looked at.

mod request;
mod rule;
mod value;

pub use request::{Identity, Request};

use mesh_model::row::{AuthorizationPolicy, PolicyAction};
use mesh_model::{Labels, Row, path};

use crate::{Cause, Truth, View};

/// Annotation of a policy that is only counted (`istio/api: annotation`).
const DRY_RUN: &str = "istio.io/dry-run";

/// Whether a workload takes a call, and the policy that decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// `Yes` when it does.
    pub allowed: Truth,
    /// The rule that decided; the action of the policy where none of its rules allows.
    pub cause: Cause,
    /// The action of the policy that decided; `None` where no policy selects the workload.
    pub action: Option<PolicyAction>,
    /// How many policies select the workload.
    pub policies: usize,
}

impl<'m> View<'_, 'm> {
    /// The policies that select a workload: those of the root namespace before those of its own
    /// (`istio: pilot/pkg/model/authorization.go: ListAuthorizationPolicies`).
    #[must_use]
    pub fn policies_of(&self, namespace: &str, labels: &Labels) -> Vec<&'m Row<AuthorizationPolicy>> {
        let table = &self.config().cluster.authorization_policies;
        let root = self.root_namespace();
        let own = if namespace == root { &[][..] } else { table.in_namespace(namespace) };
        let selects = |row: &&Row<AuthorizationPolicy>| {
            let selector = &row.fact.selector;
            !row.fact.has_targets && (selector.is_empty() || labels.matched_by(selector))
        };
        table.in_namespace(root).iter().chain(own).filter(selects).collect()
    }

    /// Whether a workload with these labels takes `request`: a server outside is asked first, then what is denied,
    /// then what is allowed; without a policy that allows anything, everything is.
    #[must_use]
    pub fn access(&self, namespace: &str, labels: &Labels, request: &Request<'_>) -> Access {
        let policies = self.policies_of(namespace, labels);
        let with = |action: &PolicyAction| {
            let of_action = policies.iter().copied().filter(|row| row.fact.action == *action);
            of_action.collect::<Vec<_>>()
        };
        let custom = self.first(&with(&PolicyAction::Custom), request);
        let deny = self.first(&enforced(with(&PolicyAction::Deny)), request);
        let allowing = enforced(with(&PolicyAction::Allow));
        let allow = self.first(&allowing, request);
        let access = |allowed, cause, action| Access { allowed, cause, action, policies: policies.len() };
        let unknown =
            |(reason, cause): (String, Cause), action| access(Truth::Unknown(reason), cause, Some(action));
        match (custom, deny, allow) {
            (_, Hit::Yes(cause), _) => access(Truth::No, cause, Some(PolicyAction::Deny)),
            (_, _, Hit::No) if !allowing.is_empty() => {
                let cause = Cause::field(&allowing[0].obj, path!["spec", "rules"]);
                access(Truth::No, cause, Some(PolicyAction::Allow))
            }
            (Hit::Yes(cause), ..) => {
                unknown(("a server outside decides".to_owned(), cause), PolicyAction::Custom)
            }
            (Hit::Unknown(reason, cause), ..) => unknown((reason, cause), PolicyAction::Custom),
            (_, Hit::Unknown(reason, cause), _) => unknown((reason, cause), PolicyAction::Deny),
            (_, _, Hit::Unknown(reason, cause)) => unknown((reason, cause), PolicyAction::Allow),
            (_, _, Hit::Yes(cause)) => access(Truth::Yes, cause, Some(PolicyAction::Allow)),
            (Hit::No, Hit::No, Hit::No) => match policies.first() {
                None => access(Truth::Yes, Cause::Default("no policy selects the workload"), None),
                Some(row) => {
                    access(Truth::Yes, Cause::field(&row.obj, path!["spec"]), Some(row.fact.action.clone()))
                }
            },
        }
    }

    /// The first rule that takes the request; the first of which that is unknown, where none surely does.
    fn first(&self, policies: &[&Row<AuthorizationPolicy>], request: &Request<'_>) -> Hit {
        let bundle = rule::TrustDomains::of(self.mesh_config().0);
        let mut unknown = None;
        for row in policies {
            for (position, rule) in row.fact.rules.iter().enumerate() {
                let cause = || Cause::field(&row.obj, path!["spec", "rules", position]);
                match rule::takes(rule, &row.fact.action, &row.obj.namespace, &bundle, request) {
                    Truth::Yes => return Hit::Yes(cause()),
                    Truth::No => {}
                    Truth::Unknown(reason) => {
                        unknown.get_or_insert_with(|| Hit::Unknown(reason, cause()));
                    }
                }
            }
        }
        unknown.unwrap_or(Hit::No)
    }
}

enum Hit {
    Yes(Cause),
    No,
    Unknown(String, Cause),
}

fn enforced(mut policies: Vec<&Row<AuthorizationPolicy>>) -> Vec<&Row<AuthorizationPolicy>> {
    policies.retain(|row| !row.annotations.is(DRY_RUN, "true"));
    policies
}
