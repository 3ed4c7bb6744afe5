//! How a report looks: decided by the caller, who knows the terminal and the options.

/// Signs in front of lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Icons {
    /// `✓` and `✗`, both of neutral width.
    #[default]
    Unicode,
    /// `ok` and `FAIL`.
    Ascii,
}

/// Look of the formats for people; the formats for machines ignore it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Style {
    /// Columns of the terminal; `None` where nothing may be wrapped or left out.
    pub width: Option<usize>,
    /// Colours by ANSI sequences.
    pub color: bool,
    /// Signs in front of lines.
    pub icons: Icons,
    /// What the user typed, for hints: `kubectl mesh`, `kubectl mesh-check`, ...
    pub program: String,
    /// First line of a table.
    pub headers: bool,
    /// What is shown beyond the usual.
    pub show: Show,
}

/// What is shown only when asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Show {
    /// A line per passed rule, not only their number.
    pub passed: bool,
    /// Findings that a suppression or the baseline hides.
    pub suppressed: bool,
}

impl Default for Style {
    fn default() -> Self {
        Self {
            width: None,
            color: false,
            icons: Icons::Unicode,
            program: "kubectl mesh".to_owned(),
            headers: true,
            show: Show::default(),
        }
    }
}
