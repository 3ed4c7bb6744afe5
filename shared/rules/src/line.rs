//! Command lines of remedies. Which kubeconfig context means a cluster is known to the renderer alone, so a line
//! keeps the place for it.

use std::borrow::Cow;
use std::fmt;

use mesh_model::ClusterName;

use crate::shell;

/// A line for a POSIX shell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Context(ClusterName),
}

impl Line {
    /// The line with `text` behind it.
    #[must_use]
    pub fn then(mut self, text: impl Into<String>) -> Self {
        self.0.push(Part::Text(text.into()));
        self
    }

    /// The line with the context of a cluster behind it, as one word; `--flag=` must stand before it, because a
    /// context may begin with a dash.
    #[must_use]
    pub fn then_context(mut self, cluster: &ClusterName) -> Self {
        self.0.push(Part::Context(cluster.clone()));
        self
    }

    /// It can be printed: each of its words is fit for a command.
    pub(crate) fn is_fit(&self) -> bool {
        self.0.iter().all(|part| match part {
            Part::Text(text) => shell::is_fit(text),
            Part::Context(_) => true,
        })
    }

    /// The whole text. A cluster for which `context` has none is called by its name.
    #[must_use]
    pub fn render<'a>(&'a self, context: impl Fn(&ClusterName) -> Option<&'a str>) -> String {
        let text = |part: &'a Part| match part {
            Part::Text(text) => Cow::Borrowed(text.as_str()),
            Part::Context(cluster) => shell::quoted(context(cluster).unwrap_or(cluster)),
        };
        self.0.iter().map(text).collect()
    }
}

impl From<&str> for Line {
    fn from(text: &str) -> Self {
        Self(vec![Part::Text(text.to_owned())])
    }
}

impl From<String> for Line {
    fn from(text: String) -> Self {
        Self(vec![Part::Text(text)])
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(|_| None))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_context_is_one_word_and_a_cluster_without_one_is_called_by_its_name() {
        let line = Line::from("istioctl version --context=").then_context(&"west".into()).then(" -o json");
        assert_eq!(line.render(|_| Some("gke_x y")), "istioctl version --context='gke_x y' -o json");
        assert_eq!(line.to_string(), "istioctl version --context=west -o json");
    }
}
