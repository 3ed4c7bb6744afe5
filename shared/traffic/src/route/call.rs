//! The call whose route is asked for.

/// One request, as the client's application sends it.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// Method, for example `GET`.
    pub method: &'a str,
    /// Path with its query.
    pub path: &'a str,
    /// Headers: name in lower case, value. `host` or `:authority` names the authority; without either it is one of
    /// the names of the service.
    pub headers: &'a [(String, String)],
}

impl Default for Call<'_> {
    /// `GET /`.
    fn default() -> Self {
        Self { method: "GET", path: "/", headers: &[] }
    }
}

impl<'a> Call<'a> {
    /// The path without its query.
    #[must_use]
    pub fn path_only(&self) -> &'a str {
        self.path.split(['?', '#']).next().unwrap_or_default()
    }

    /// Value of a query parameter, as written; the first counts.
    #[must_use]
    pub fn query(&self, name: &str) -> Option<&'a str> {
        let (_, query) = self.path.split_once('?')?;
        let pairs = query.split('#').next()?.split('&');
        pairs
            .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value)
    }

    /// Value of a header; `name` in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&'a str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The authority that was given.
    #[must_use]
    pub fn authority(&self) -> Option<&'a str> {
        self.header(":authority").or_else(|| self.header("host"))
    }
}

/// The names by which a client may call a Kubernetes service: all that its sidecar has in the virtual host
/// (`istio: pilot/pkg/networking/core/httproute.go: GenerateAltVirtualHosts`).
#[must_use]
pub fn names(host: &str, client_namespace: &str) -> Vec<String> {
    let mut names = vec![host.to_owned()];
    let Some(short) = host.strip_suffix(".svc.cluster.local") else { return names };
    names.extend([format!("{short}.svc"), short.to_owned()]);
    if let Some((service, namespace)) = short.split_once('.')
        && namespace == client_namespace
    {
        names.push(service.to_owned());
    }
    names
}
