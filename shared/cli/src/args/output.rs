//! How the result is printed.

use mesh_report::Format;

use crate::Failure;

/// Output format.
#[derive(Clone, Debug, clap::Args)]
pub struct OutputArgs {
    /// Output format.
    #[arg(short, long, value_name = "FORMAT", default_value = "")]
    pub output: String,
}

impl OutputArgs {
    /// The format, which must be one of `allowed`; an empty word means the view for people, as with kubectl.
    pub fn format(&self, allowed: &[Format]) -> Result<Format, Failure> {
        let named = allowed.iter().find(|format| format.as_str() == self.output);
        let unknown = || Failure::Format { given: self.output.clone(), allowed: names_of(allowed) };
        named.copied().ok_or_else(unknown)
    }
}

/// What can be given to `-o`.
pub(crate) fn names_of(formats: &[Format]) -> Vec<&'static str> {
    formats.iter().map(|format| format.as_str()).filter(|name| !name.is_empty()).collect()
}

/// Look of the view for people.
#[derive(Clone, Debug, clap::Args)]
pub struct LookArgs {
    /// When to use colours. One of: auto, always, never.
    #[arg(long, value_name = "WHEN", value_enum, default_value_t = ColorWhen::Auto, hide_possible_values = true)]
    pub color: ColorWhen,

    /// Which signs to use. One of: auto, unicode, ascii.
    #[arg(long, value_name = "SET", value_enum, default_value_t = Icons::Auto, hide_possible_values = true)]
    pub icons: Icons,
}

/// When to use colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum ColorWhen {
    /// On a terminal that can, unless `NO_COLOR` is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Which signs to use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Icons {
    /// By the locale.
    Auto,
    /// `✓` and `✗`.
    Unicode,
    /// `ok` and `FAIL`.
    Ascii,
}
