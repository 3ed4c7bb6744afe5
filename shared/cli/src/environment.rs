//! What the process was given beside arguments: environment variables and terminals. Read once.

use std::io::{IsTerminal, stderr, stdout};

use mesh_report::{Icons, Style};

use crate::args::{ColorWhen, Icons as IconsArg, LookArgs};

/// What the process was given.
#[derive(Clone, Debug, Default)]
pub(crate) struct Environment {
    /// Columns of the terminal behind standard output; `None` if it is none.
    pub(crate) width: Option<usize>,
    /// Standard error is a terminal.
    pub(crate) interactive: bool,
    /// The user refused colours, or the terminal has none.
    plain: bool,
    utf8: bool,
}

impl Environment {
    /// Of this process.
    pub(crate) fn read() -> Self {
        let set = |name: &str| std::env::var_os(name);
        let text = |name: &str| set(name).map(|value| value.to_string_lossy().into_owned());
        let locale =
            ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().filter_map(text).find(|value| !value.is_empty());
        let windows_console = cfg!(windows) && set("WT_SESSION").is_none();
        Self {
            width: stdout().is_terminal().then(|| usize::from(console::Term::stdout().size().1)),
            interactive: stderr().is_terminal(),
            plain: set("NO_COLOR").is_some() || text("TERM").as_deref() == Some("dumb") || windows_console,
            utf8: cfg!(windows) && !windows_console || locale.is_some_and(|locale| is_utf8(&locale)),
        }
    }

    /// How a report looks: options beat the environment.
    pub(crate) fn style(&self, args: &LookArgs, program: &str) -> Style {
        let color = match args.color {
            ColorWhen::Always => true,
            ColorWhen::Never => false,
            ColorWhen::Auto => self.width.is_some() && !self.plain,
        };
        let icons = match args.icons {
            IconsArg::Auto if !self.utf8 => Icons::Ascii,
            IconsArg::Ascii => Icons::Ascii,
            IconsArg::Auto | IconsArg::Unicode => Icons::Unicode,
        };
        Style { width: self.width, color, icons, program: program.to_owned(), ..Style::default() }
    }
}

fn is_utf8(locale: &str) -> bool {
    let locale = locale.to_ascii_lowercase();
    locale.contains("utf-8") || locale.contains("utf8")
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        look: LookArgs,
    }

    fn style(environment: &Environment, args: &[&str]) -> Style {
        let line = Line::try_parse_from([&["x"], args].concat()).unwrap();
        environment.style(&line.look, "kubectl mesh")
    }

    fn terminal() -> Environment {
        Environment { width: Some(80), interactive: true, utf8: true, ..Environment::default() }
    }

    #[test]
    fn colours_need_a_terminal_that_can_and_a_user_who_did_not_refuse() {
        assert!(style(&terminal(), &[]).color);
        assert!(!style(&Environment { width: None, ..terminal() }, &[]).color);
        assert!(!style(&Environment { plain: true, ..terminal() }, &[]).color);
    }

    #[test]
    fn options_beat_the_environment() {
        assert!(style(&Environment { plain: true, width: None, ..terminal() }, &["--color", "always"]).color);
        assert!(!style(&terminal(), &["--color=never"]).color);
        assert_eq!(style(&terminal(), &["--icons=ascii"]).icons, Icons::Ascii);
        assert_eq!(
            style(&Environment { utf8: false, ..terminal() }, &["--icons=unicode"]).icons,
            Icons::Unicode
        );
    }

    #[test]
    fn a_locale_without_utf8_gets_ascii() {
        assert_eq!(style(&Environment { utf8: false, ..terminal() }, &[]).icons, Icons::Ascii);
        assert!(is_utf8("de_CH.UTF-8") && is_utf8("C.utf8") && !is_utf8("ja_JP.eucJP"));
    }
}
