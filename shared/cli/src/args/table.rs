//! Look of tables.

use mesh_report::Style;

/// Tables.
#[derive(Clone, Debug, clap::Args)]
pub struct TableArgs {
    /// Leave out the first line of tables.
    #[arg(long)]
    pub no_headers: bool,
}

impl TableArgs {
    /// `style` with what was typed about tables.
    #[must_use]
    pub fn style(&self, style: Style) -> Style {
        Style { headers: !self.no_headers, ..style }
    }
}
