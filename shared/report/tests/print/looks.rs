//! Widths, counts and special cases of what people see.

use crate::fixture;
use mesh_model::Gap;
use mesh_report::{
    Block, Body, Cell, ClusterGap, Column, ColumnClass, Format, Icons, Remark, Report, ReportKind, Style,
    Summary, Tool, View, render,
};
use mesh_rules::{Code, Severity, Subject, Verdict, VerdictKind};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

fn printed(format: Format, report: &Report, style: &Style) -> String {
    let mut out = Vec::new();
    render(format, report, style, &mut out).expect("a vector takes everything");
    String::from_utf8(out).expect("every format is text")
}

fn at(width: usize) -> Style {
    Style { width: Some(width), ..Style::default() }
}

#[test]
fn no_snapshot_holds_a_character_whose_width_depends_on_the_terminal() {
    let mut seen = 0;
    let directory = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/print/snapshots");
    for entry in std::fs::read_dir(directory).expect("snapshots are there") {
        let path = entry.expect("a directory can be listed").path();
        #[expect(clippy::disallowed_methods, reason = "the snapshots are what this test is about")]
        let text = std::fs::read_to_string(&path).expect("a snapshot is text");
        let is_ambiguous = |c: &char| c.width() != c.width_cjk();
        assert_eq!(text.chars().find(is_ambiguous), None, "{}", path.display());
        seen += 1;
    }
    assert!(seen > 20, "only {seen} snapshots");
}

#[test]
fn nothing_but_what_is_to_be_pasted_is_wider_than_the_terminal() {
    for report in [fixture::report(), fixture::seven_clusters()] {
        for width in [60, 80, 100, 200] {
            for (format, icons) in [(Format::Human, Icons::Unicode), (Format::Wide, Icons::Ascii)] {
                let text = printed(format, &report, &Style { icons, ..at(width) });
                for line in text.lines().filter(|line| !line.contains("fix:")) {
                    assert!(line.width() <= width, "{} > {width}: {line}", line.width());
                }
            }
        }
    }
}

#[test]
fn only_a_terminal_makes_lines_wrap() {
    let text = printed(Format::Human, &fixture::report(), &Style::default());
    let message = &fixture::report().outcome.findings[1].message;
    assert!(text.contains(message.as_str()));
    assert!(!printed(Format::Human, &fixture::report(), &at(60)).contains(message.as_str()));
}

#[test]
fn a_colour_adds_nothing_but_its_sequences() {
    let plain = printed(Format::Wide, &fixture::report(), &at(100));
    let painted = printed(Format::Wide, &fixture::report(), &Style { color: true, ..at(100) });
    assert!(
        painted.contains("\u{1b}[31m") && painted.contains("\u{1b}[32m") && painted.contains("\u{1b}[33m")
    );
    let mut bare = String::new();
    for part in painted.split('\u{1b}') {
        bare.push_str(match part.strip_prefix('[') {
            Some(sequence) => sequence.split_once('m').map_or("", |(_, text)| text),
            None => part,
        });
    }
    assert_eq!(bare, plain);
}

#[test]
fn counts_tell_findings_and_rules_apart_and_leave_the_exit_code_to_the_caller() {
    let mut report = fixture::report();
    let counts =
        Summary { error: 5, warning: 2, info: 1, suppressed: 1, passed: 2, skipped: 1, not_evaluated: 2 };
    assert_eq!(report.summary(), counts);
    for exit in [0, 1, 3] {
        report.exit_code = exit;
        assert_eq!(mesh_report::to_value(&report)["exitCode"], exit);
        assert_eq!(report.summary(), counts);
    }
}

#[test]
fn a_kind_that_files_do_not_hold_leaves_a_report_complete() {
    let mut report = fixture::report();
    assert!(!report.complete());
    report.gaps.retain(|gap| gap.gap.is_not_given());
    assert!(!report.gaps.is_empty() && report.complete());
}

#[test]
fn a_dead_cluster_is_one_line_per_area() {
    let mut report = fixture::report();
    let gap = Gap::Timeout { after_ms: 10_000 };
    let dead = "tokyo-onprem";
    report.clusters[1].reachable = false;
    report.clusters[1].istio_version = None;
    report.gaps = vec![ClusterGap { cluster: dead.into(), kind: None, namespace: None, gap: gap.clone() }];
    let message = "cluster \"tokyo-onprem\" could not be read: no answer within 10.000 s";
    report.outcome.findings =
        vec![fixture::finding(4, Severity::Error, Subject::Cluster(dead.into()), message)];
    let verdicts = fixture::RULES.iter().filter(|rule| rule.code.0 > 100).flat_map(|rule| {
        let verdict = |cluster: &str, kind| Verdict { code: rule.code, cluster: cluster.into(), kind };
        let lost = VerdictKind::NotEvaluated { kind: None, gap: gap.clone() };
        [verdict("gke-tokyo", VerdictKind::Passed), verdict(dead, lost)]
    });
    let unread = Verdict { code: Code(4), cluster: dead.into(), kind: VerdictKind::Failed };
    report.outcome.verdicts = [unread].into_iter().chain(verdicts).collect();
    report.exit_code = 3;
    insta::assert_snapshot!(printed(Format::Human, &report, &Style::default()));
}

#[test]
fn a_clean_mesh_is_a_short_report() {
    let mut report = fixture::report();
    report.outcome.findings.clear();
    report.outcome.verdicts.retain(|verdict| verdict.kind == VerdictKind::Passed);
    insta::assert_snapshot!(printed(Format::Human, &report, &at(80)));
    assert_eq!(printed(Format::Short, &report, &at(80)), "");
    assert_eq!(printed(Format::Name, &report, &at(80)), "");
}

fn rules() -> Report {
    let column = |header, key, class| Column { header, key, class };
    let mut report = Report::new(
        ReportKind::RuleList,
        Tool { version: "0.1.0".to_owned(), rule_set: "0.1.0".to_owned() },
        "2026-08-22T07:11:00Z".to_owned(),
    );
    report.body = Some(Body::list(View {
        columns: vec![
            column("CODE", "code", ColumnClass::Normal),
            column("SEVERITY", "severity", ColumnClass::Normal),
            column("NEEDS", "needs", ColumnClass::Wide),
            column("SUMMARY", "summary", ColumnClass::Prose),
        ],
        rows: vec![
            vec![
                Cell::from("MESH201"),
                Cell::from("error"),
                Cell::List(vec!["destinationrules.networking.istio.io".to_owned()]),
                Cell::from("locality failover has outlierDetection"),
            ],
            vec![
                Cell::from("MESH003"),
                Cell::from("error"),
                Cell::Missing,
                Cell::from("東京 API server of every cluster answers"),
            ],
        ],
    }));
    report
}

#[test]
fn a_table_looks_like_kubectls() {
    insta::assert_snapshot!("table", printed(Format::Human, &rules(), &Style::default()));
    insta::assert_snapshot!("table_wide", printed(Format::Wide, &rules(), &Style::default()));
    insta::assert_snapshot!("table_json", printed(Format::Json, &rules(), &Style::default()));
    let style = Style { headers: false, ..Style::default() };
    assert_eq!(printed(Format::Human, &rules(), &style).lines().count(), 2);
    assert_eq!(printed(Format::Name, &rules(), &Style::default()), "MESH201\nMESH003\n");
}

#[test]
fn a_narrow_table_drops_wide_columns_then_wraps_prose_and_cuts_no_name() {
    let text = printed(Format::Wide, &rules(), &at(50));
    assert!(!text.contains("NEEDS"), "{text}");
    assert!(text.contains("outlierDetection\n"), "{text}");
    assert!(text.lines().all(|line| line.width() <= 50) && text.lines().count() > 3, "{text}");
    assert!(printed(Format::Wide, &rules(), &at(120)).contains("destinationrules.networking.istio.io"));
    assert!(printed(Format::Human, &rules(), &at(10)).contains("outlierDetection"));
}

#[test]
fn an_empty_table_prints_nothing() {
    let mut report = rules();
    report.body = Some(Body::list(View::default()));
    assert_eq!(printed(Format::Human, &report, &Style::default()), "");
}

#[test]
fn blocks_stand_below_each_other_and_prose_wraps_under_itself() {
    let blocks = vec![
        Block::Facts(vec![
            ("Service", "echo".to_owned()),
            ("Policy", "failover from west to east".to_owned()),
        ]),
        Block::Gap,
        Block::Remarks(vec![
            Remark::signed(Severity::Error, "no usable failover target"),
            Remark::plain("Weights are x2."),
        ]),
    ];
    let mut report = rules();
    report.body = Some(Body { blocks, ..Body::default() });
    let wide = "Service  echo\nPolicy   failover from west to east\n\n✗ no usable failover target\nWeights are x2.\n";
    assert_eq!(printed(Format::Human, &report, &Style::default()), wide);
    let narrow = printed(Format::Human, &report, &at(29));
    assert!(narrow.contains("Policy   failover from west\n         to east\n"), "{narrow}");
}
