//! The table of kinds: shape, versions, and how an object becomes rows.

use std::collections::HashSet;
use std::sync::Arc;

use mesh_model::{ClusterBuilder, Interner, Kind, Labels, ObjectRef, Origin, Row};
use serde::de::DeserializeOwned;

use crate::lenient::Pairs;
use crate::{Meta, config, core, istio, managed, security, webhook, workload};

/// The shape of one kind.
pub trait Resource: DeserializeOwned {
    /// Its kind.
    const KIND: Kind;
    /// Versions that are read, newest first; the shape fits all of them.
    const VERSIONS: &'static [&'static str];

    /// Its metadata.
    fn meta(&self) -> &Meta;

    /// Puts the object's facts into the cluster.
    fn lower(self, origin: Origin, into: &mut Lower<'_>);
}

/// Chosen by kind: calls `visit` with the shape of it.
pub trait KindVisitor {
    /// What the visit gives.
    type Out;

    /// Called once, with the shape.
    fn visit<T: Resource>(self) -> Self::Out;
}

/// Where objects of one cluster go, with the strings they share.
#[derive(Debug)]
pub struct Lower<'a> {
    pub(crate) builder: &'a mut ClusterBuilder,
    interner: Interner,
    labels: HashSet<Labels>,
}

impl<'a> Lower<'a> {
    /// Lowers into `builder`. Use one for all objects of a cluster, so that equal strings are held once.
    #[must_use]
    pub fn new(builder: &'a mut ClusterBuilder) -> Self {
        Self { builder, interner: Interner::default(), labels: HashSet::new() }
    }

    /// The cluster that is built.
    pub fn builder(&mut self) -> &mut ClusterBuilder {
        self.builder
    }

    pub(crate) fn text(&mut self, text: &str) -> Arc<str> {
        self.interner.get(text)
    }

    pub(crate) fn texts(&mut self, texts: &[String]) -> Vec<Arc<str>> {
        texts.iter().map(|text| self.text(text)).collect()
    }

    pub(crate) fn labels(&mut self, pairs: &Pairs) -> Labels {
        let labels: Labels = pairs.0.iter().map(|(key, value)| (self.text(key), self.text(value))).collect();
        if let Some(known) = self.labels.get(&labels) {
            return known.clone();
        }
        self.labels.insert(labels.clone());
        labels
    }

    /// A row; an object of a namespaced kind without a namespace belongs to `default`, as kubectl applies it.
    pub(crate) fn row<R>(&mut self, kind: Kind, meta: &Meta, origin: Origin, fact: R) -> Row<R> {
        let namespace = match (kind.namespaced(), meta.namespace.as_str()) {
            (true, "") => "default",
            (true, given) => given,
            (false, _) => "",
        };
        let obj = ObjectRef {
            cluster: self.builder.name().clone(),
            kind,
            namespace: self.text(namespace).into(),
            name: self.text(&meta.name).into(),
        };
        let labels = self.labels(&meta.labels);
        let annotations = self.labels(&meta.annotations);
        Row { obj, origin, labels, annotations, fact }
    }
}

macro_rules! kinds {
    ($($kind:ident => $shape:ty;)+) => {
        /// Calls `visitor` with the shape of `kind`.
        pub fn with_kind<V: KindVisitor>(kind: Kind, visitor: V) -> V::Out {
            match kind { $(Kind::$kind => visitor.visit::<$shape>(),)+ }
        }
    };
}

kinds! {
    Namespace => core::Namespace;
    Node => core::Node;
    Service => core::Service;
    Pod => workload::Pod;
    ConfigMap => config::ConfigMap;
    Secret => config::Secret;
    Deployment => workload::Deployment;
    EndpointSlice => workload::EndpointSlice;
    MutatingWebhookConfiguration => webhook::Mutating;
    ValidatingWebhookConfiguration => webhook::Validating;
    DestinationRule => istio::DestinationRule;
    VirtualService => istio::VirtualService;
    ServiceEntry => istio::ServiceEntry;
    Gateway => istio::Gateway;
    Sidecar => istio::Sidecar;
    ControlPlaneRevision => managed::ControlPlaneRevision;
    WorkloadEntry => istio::WorkloadEntry;
    PeerAuthentication => security::PeerAuthentication;
    AuthorizationPolicy => security::AuthorizationPolicy;
}

/// Versions of `kind` that are read, newest first.
#[must_use]
pub fn versions(kind: Kind) -> &'static [&'static str] {
    struct Versions;
    impl KindVisitor for Versions {
        type Out = &'static [&'static str];
        fn visit<T: Resource>(self) -> Self::Out {
            T::VERSIONS
        }
    }
    with_kind(kind, Versions)
}
