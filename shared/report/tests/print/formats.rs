//! Every format over one report.

use crate::fixture;
use mesh_report::{Format, Icons, Report, Show, Style, render};

fn printed(format: Format, report: &Report, style: &Style) -> String {
    let mut out = Vec::new();
    render(format, report, style, &mut out).expect("a vector takes everything");
    String::from_utf8(out).expect("every format is text")
}

#[test]
fn each_format_shows_the_whole_report() {
    for &format in Format::ALL {
        let name = if format == Format::Human { "human" } else { format.as_str() };
        insta::assert_snapshot!(name, printed(format, &fixture::report(), &Style::default()));
    }
}

#[test]
fn the_human_view_fits_terminals_of_any_look() {
    for width in [80, 200] {
        for (icons, look) in [(Icons::Unicode, "unicode"), (Icons::Ascii, "ascii")] {
            for color in [false, true] {
                let style = Style { width: Some(width), color, icons, ..Style::default() };
                let text = printed(Format::Human, &fixture::report(), &style);
                let name = format!("human_{width}_{look}{}", if color { "_color" } else { "" });
                insta::assert_snapshot!(name, text.replace('\u{1b}', "ESC"));
            }
        }
    }
}

#[test]
fn more_than_six_clusters_share_one_column() {
    insta::assert_snapshot!(
        "human_seven_clusters",
        printed(Format::Human, &fixture::seven_clusters(), &Style::default())
    );
}

#[test]
fn passed_rules_and_hidden_findings_are_shown_on_request() {
    let style = Style { show: Show { passed: true, suppressed: true }, ..Style::default() };
    insta::assert_snapshot!("human_show_all", printed(Format::Human, &fixture::report(), &style));
    insta::assert_snapshot!("short_show_all", printed(Format::Short, &fixture::report(), &style));
}
