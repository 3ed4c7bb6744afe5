//! What the README and the page on traffic show is what the program prints.

use crate::program::{PROGRAM, command, finish};

const README: &str = include_str!("../../../../README.md");
const TRAFFIC: &str = include_str!("../../../../docs/traffic.md");

/// Command line and printed text of each console block.
fn shown(page: &'static str) -> Vec<(&'static str, &'static str)> {
    let blocks = page.split("```console\n").skip(1).map(|rest| rest.split("```").next().unwrap_or_default());
    blocks
        .map(|block| {
            block
                .strip_prefix("$ ")
                .and_then(|block| block.split_once('\n'))
                .expect("a command and its output")
        })
        .collect()
}

/// How long a run took is the machine's business.
fn without_seconds(text: &str) -> String {
    let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
    let kept = first.rsplit_once("   ").filter(|(_, last)| last.ends_with('s') && last.contains('.'));
    format!("{}\n{rest}", kept.map_or(first, |(kept, _)| kept))
}

#[test]
fn each_run_in_the_pages_prints_what_stands_below_it() {
    for (page, count, code) in [(README, 3, 1), (TRAFFIC, 2, 0)] {
        let shown = shown(page);
        assert_eq!(shown.len(), count, "{shown:#?}");
        for (line, text) in shown {
            let words: Vec<_> = line.strip_prefix("kubectl mesh ").unwrap().split(' ').collect();
            let mut command = command(PROGRAM, &words);
            command.current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
            // As kubectl calls it: the hints then say `kubectl mesh`.
            let ended = finish(command, b"");
            assert_eq!(ended.code, Some(code), "{line}: {}", ended.stderr);
            assert_eq!(without_seconds(&ended.stdout), without_seconds(text), "{line}");
        }
    }
}
