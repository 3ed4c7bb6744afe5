//! Options of the program.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use mesh_rules::admission::{Mode, Modes, RuleMode};
use tracing_subscriber::filter::LevelFilter;

use crate::router::FailurePolicy;
use crate::tls::Files;

/// Admission webhook that refuses DestinationRules whose locality load balancing cannot work.
#[derive(Clone, Debug, Parser)]
#[command(name = "mesh-webhook", version, about)]
pub struct Args {
    /// Address for API servers (HTTPS).
    #[arg(long, value_name = "ADDRESS", default_value = "[::]:9443")]
    pub listen: SocketAddr,
    /// Address for probes and metrics (HTTP): /livez, /readyz, /metrics.
    #[arg(long, value_name = "ADDRESS", default_value = "[::]:9080")]
    pub admin_listen: SocketAddr,
    /// Certificate chain in PEM form; looked at every 10 s, served without a restart when it changed.
    #[arg(long, value_name = "FILE", default_value = "/etc/mesh-webhook/tls/tls.crt")]
    pub tls_cert_file: PathBuf,
    /// Private key of the certificate in PEM form.
    #[arg(long, value_name = "FILE", default_value = "/etc/mesh-webhook/tls/tls.key")]
    pub tls_private_key_file: PathBuf,
    /// Mode of one rule: off, audit, warn or deny; may be given again. Default: deny for MESH201 and MESH238, off
    /// for MESH209, warn for others.
    #[arg(long = "mode", value_name = "RULE=MODE")]
    pub modes: Vec<RuleMode>,
    /// Hardest mode for objects that Admiral writes.
    #[arg(long, value_name = "MODE", default_value_t = Mode::Warn)]
    pub admiral_mode: Mode,
    /// failurePolicy of the ValidatingWebhookConfiguration: decides about reviews that come too late.
    #[arg(long, value_name = "POLICY", value_enum, default_value_t)]
    pub failure_policy: FailurePolicy,
    /// Name of the cluster in logs.
    #[arg(long, value_name = "NAME", default_value = "local")]
    pub cluster: String,
    /// Seconds to go on answering after SIGTERM, until no API server calls any more.
    #[arg(long, value_name = "SECONDS", default_value = "5", value_parser = seconds)]
    pub lame_duck: Duration,
    /// Log level: off, error, warn, info, debug, trace.
    #[arg(long, value_name = "LEVEL", default_value_t = LevelFilter::INFO)]
    pub log_level: LevelFilter,
}

impl Args {
    /// The modes in force.
    #[must_use]
    pub fn modes(&self) -> Modes {
        self.modes
            .iter()
            .fold(Modes::default(), |modes, mode| modes.with(*mode))
            .with_admiral(self.admiral_mode)
    }

    /// The certificate's files.
    #[must_use]
    pub fn files(&self) -> Files {
        Files { certificate: self.tls_cert_file.clone(), key: self.tls_private_key_file.clone() }
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    let number = text.parse::<f64>().map_err(|error| error.to_string())?;
    Duration::try_from_secs_f64(number).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;
    use mesh_rules::{ALL, Code, Tags};

    use super::*;

    #[test]
    fn help_and_installation_name_every_rule_that_does_not_just_warn() {
        let help = Args::command().render_long_help().to_string();
        let readme = include_str!("../../manifests/README.md");
        let admitting = ALL.iter().filter(|rule| rule.tags.contains(Tags::ADMISSION));
        for code in admitting.map(|rule| rule.code) {
            let stands_out = Modes::default().of(code) != Mode::Warn;
            assert!(!stands_out || help.contains(&code.to_string()), "{code} in\n{help}");
            assert!(!stands_out || readme.contains(&code.to_string()), "{code}");
        }
    }

    #[test]
    fn options_are_consistent_and_modes_are_taken() {
        Args::command().debug_assert();
        let args = Args::parse_from(["mesh-webhook", "--mode", "MESH238=warn", "--mode", "MESH201=audit"]);
        assert_eq!(args.modes().of(Code(238)), Mode::Warn);
        assert_eq!(args.modes().of(Code(201)), Mode::Audit);
        assert_eq!(args.lame_duck, Duration::from_secs(5));
    }

    #[test]
    fn wrong_options_are_refused_with_a_reason() {
        let refused = |words: &[&str]| Args::try_parse_from(words).unwrap_err().to_string();
        assert!(refused(&["mesh-webhook", "--mode", "MESH238=block"]).contains("off, audit, warn or deny"));
        assert!(refused(&["mesh-webhook", "--lame-duck=-1"]).contains("--lame-duck"));
    }
}
