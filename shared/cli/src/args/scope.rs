//! Which namespaces are judged.

use mesh_model::Namespace;

/// Namespaces.
#[derive(Clone, Debug, clap::Args)]
pub struct ScopeArgs {
    /// Judge only objects of this namespace and what concerns a whole cluster. Everything is still read: a rule
    /// looks across namespaces.
    #[arg(short, long, value_name = "NAME", value_parser = namespace)]
    pub namespace: Option<String>,

    /// Judge all namespaces, which is the default; beats -n.
    #[arg(short = 'A', long)]
    pub all_namespaces: bool,
}

/// One name: neither none nor a list is a namespace.
pub(super) fn namespace(text: &str) -> Result<String, String> {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if text.is_empty() || text.len() > 63 || text.starts_with('-') || !text.chars().all(fits) {
        return Err("it is no name of one namespace".to_owned());
    }
    Ok(text.to_owned())
}

impl ScopeArgs {
    /// The one namespace, if one is typed and not overruled.
    #[must_use]
    pub fn only(&self) -> Option<Namespace> {
        self.namespace.as_deref().filter(|_| !self.all_namespaces).map(Namespace::from)
    }
}

#[cfg(test)]
mod tests {
    use super::namespace;

    #[test]
    fn a_namespace_is_one_name() {
        assert_eq!(namespace("shop-1"), Ok("shop-1".to_owned()));
        for text in ["", "a,b", "a b", "-a", "Shop", "*"] {
            assert!(namespace(text).is_err(), "{text:?}");
        }
    }
}
