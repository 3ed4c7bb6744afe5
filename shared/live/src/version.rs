//! What a cluster serves: one call of aggregated discovery, and the version to list each kind in.
//!
//! The core group is not asked for: it has had the one version `v1` since Kubernetes 1.0. A server that knows no
//! aggregated discovery (before 1.26) or forbids it is asked by trial instead: 404 leads to the next version,
//! and behind the last one the kind is not installed.

use std::borrow::Cow;
use std::collections::HashMap;

use mesh_model::{Gap, Kind};
use mesh_wire::versions;
use serde::Deserialize;

use crate::client::unreachable;
use crate::request::{Failure, JSON, Requests};

const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,\
     application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json";

/// What is served.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Served {
    /// Versions by group and resource.
    Resources(HashMap<(String, String), Vec<String>>),
    /// Versions by group; not every one of them has every resource.
    Groups(HashMap<String, Vec<String>>),
    /// Nothing is known.
    Unknown,
}

/// How to list a kind.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Choice {
    /// In the first of these versions that is not answered by 404.
    Try(Vec<&'static str>),
    /// Not at all: no such resource, so there are no objects.
    NotInstalled,
    /// Not at all: only versions that are not read.
    NotServed,
}

impl Served {
    /// Asks the cluster.
    ///
    /// # Errors
    /// The gap of the whole cluster, when it does not answer as an API server.
    pub(crate) async fn ask(requests: &Requests) -> Result<Self, Gap> {
        match requests.get("/apis", AGGREGATED).await {
            Ok(body) => Self::parse(&body).ok_or_else(no_api_server),
            Err(failure) if failure.is(http::StatusCode::FORBIDDEN) => Ok(Self::Unknown),
            Err(failure) if failure.is(http::StatusCode::NOT_FOUND) => Err(no_api_server()),
            Err(Failure::Cut) => Err(unreachable("the answer to GET /apis ended early".to_owned())),
            Err(failure) => Err(failure.into()),
        }
    }

    fn parse(body: &[u8]) -> Option<Self> {
        #[derive(Deserialize)]
        struct Lists<'a> {
            #[serde(borrow, default)]
            items: Option<Vec<Group<'a>>>,
            #[serde(borrow, default)]
            groups: Option<Vec<PlainGroup<'a>>>,
        }
        #[derive(Deserialize)]
        struct Group<'a> {
            #[serde(borrow)]
            metadata: Name<'a>,
            #[serde(borrow, default)]
            versions: Vec<Version<'a>>,
        }
        #[derive(Deserialize)]
        struct PlainGroup<'a> {
            #[serde(borrow)]
            name: Cow<'a, str>,
            #[serde(borrow, default)]
            versions: Vec<Version<'a>>,
        }
        #[derive(Deserialize)]
        struct Name<'a> {
            #[serde(borrow)]
            name: Cow<'a, str>,
        }
        #[derive(Deserialize)]
        struct Version<'a> {
            #[serde(borrow)]
            version: Cow<'a, str>,
            #[serde(borrow, default)]
            resources: Vec<Resource<'a>>,
        }
        #[derive(Deserialize)]
        struct Resource<'a> {
            #[serde(borrow)]
            resource: Cow<'a, str>,
        }

        match serde_json::from_slice(body).ok()? {
            Lists { items: Some(groups), .. } => {
                let mut resources: HashMap<_, Vec<_>> = HashMap::new();
                for group in groups {
                    for version in group.versions {
                        for resource in version.resources {
                            let key = (group.metadata.name.to_string(), resource.resource.into_owned());
                            resources.entry(key).or_default().push(version.version.to_string());
                        }
                    }
                }
                Some(Self::Resources(resources))
            }
            Lists { groups: Some(groups), .. } => {
                let versions =
                    |group: &PlainGroup<'_>| group.versions.iter().map(|v| v.version.to_string()).collect();
                Some(Self::Groups(
                    groups.iter().map(|group| (group.name.to_string(), versions(group))).collect(),
                ))
            }
            Lists { items: None, groups: None } => None,
        }
    }

    /// The newest version of `kind` that is served and read.
    pub(crate) fn choose(&self, kind: Kind) -> Choice {
        let read = versions(kind);
        if kind.group().is_empty() {
            return Choice::Try(read.to_vec());
        }
        let (served, all) = match self {
            Self::Unknown => return Choice::Try(read.to_vec()),
            Self::Groups(groups) => (groups.get(kind.group()), read.len()),
            Self::Resources(resources) => {
                (resources.get(&(kind.group().to_owned(), kind.plural().to_owned())), 1)
            }
        };
        let Some(served) = served else { return Choice::NotInstalled };
        let both: Vec<_> =
            read.iter().copied().filter(|version| served.iter().any(|s| s == version)).take(all).collect();
        if both.is_empty() { Choice::NotServed } else { Choice::Try(both) }
    }
}

/// The Kubernetes version; `None` if it is not told, for whatever reason. Whether the cluster can be read is not
/// concluded from this: [`Served::ask`] tells.
pub(crate) async fn kubernetes_version(requests: &Requests) -> Option<String> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Info {
        git_version: String,
    }
    let body = requests.get("/version", JSON).await.ok()?;
    serde_json::from_slice(&body).ok().map(|info: Info| info.git_version)
}

fn no_api_server() -> Gap {
    unreachable("GET /apis is not answered as by a Kubernetes API server; check the server's URL".to_owned())
}
