//! How the program was called: the form that help and hints print, and the command the file name stands for.
//!
//! kubectl runs the file `kubectl-mesh-check` for `kubectl mesh check` and `kubectl-mesh_check` for
//! `kubectl mesh-check`; krew makes links of the second form. Nothing depends on being called `mesh`.

use std::ffi::OsStr;
use std::path::Path;

/// What the file name says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Invocation {
    /// As the user types it: `kubectl mesh`, `kubectl mesh-check`, or the bare file name.
    pub(crate) program: String,
    /// The command the file name ends in, if it is a known one.
    pub(crate) command: Option<&'static str>,
}

impl Invocation {
    /// Reads `argv[0]`; `known` are the names of all commands.
    pub(crate) fn of(argv0: Option<&OsStr>, known: &[&'static str]) -> Self {
        let name = argv0.and_then(|argv0| Path::new(argv0).file_name()).unwrap_or_default().to_string_lossy();
        let stem = name.strip_suffix(".exe").or_else(|| name.strip_suffix(".EXE")).unwrap_or(&name);
        if stem.is_empty() || stem.chars().any(char::is_control) {
            return Self { program: "kubectl mesh".to_owned(), command: None };
        }
        let of_kubectl = stem.strip_prefix("kubectl-").filter(|rest| !rest.is_empty());
        let program = match of_kubectl {
            Some(rest) => format!("kubectl {}", rest.replace('-', " ").replace('_', "-")),
            None => stem.to_owned(),
        };
        let words = of_kubectl.unwrap_or(stem).replace('_', "-");
        let ends_in = |command: &&&'static str| {
            words.strip_suffix(**command).is_some_and(|head| head.is_empty() || head.ends_with('-'))
        };
        let command = known.iter().filter(ends_in).max_by_key(|command| command.len()).copied();
        Self { program, command }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(argv0: &str) -> (String, Option<&'static str>) {
        let invocation = Invocation::of(Some(OsStr::new(argv0)), &["check", "explain", "rules"]);
        (invocation.program, invocation.command)
    }

    #[test]
    fn the_form_in_use_and_the_command_follow_the_file_name() {
        assert_eq!(of("/usr/local/bin/kubectl-mesh"), ("kubectl mesh".into(), None));
        assert_eq!(of("kubectl-mesh.exe"), ("kubectl mesh".into(), None));
        assert_eq!(of("/k/kubectl-mesh-check"), ("kubectl mesh check".into(), Some("check")));
        assert_eq!(of("/k/kubectl-mesh_check"), ("kubectl mesh-check".into(), Some("check")));
        assert_eq!(of("mesh-check"), ("mesh-check".into(), Some("check")));
        assert_eq!(of("kubectl-istio_fleet-check"), ("kubectl istio-fleet check".into(), Some("check")));
    }

    #[test]
    fn a_renamed_program_is_called_by_its_own_name() {
        assert_eq!(of("/opt/fleetdoctor"), ("fleetdoctor".into(), None));
        assert_eq!(of("kubectl-fleet"), ("kubectl fleet".into(), None));
        assert_eq!(of("kubectl-mesh_paycheck"), ("kubectl mesh-paycheck".into(), None));
    }

    #[test]
    fn a_name_that_cannot_be_shown_is_replaced() {
        assert_eq!(Invocation::of(None, &["check"]).program, "kubectl mesh");
        assert_eq!(of("a\u{1b}[31m"), ("kubectl mesh".into(), None));
    }
}
