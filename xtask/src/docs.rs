//! `cargo xtask docs`: `docs/rules` from the pages of the rules, so that a page has one source.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;

use anyhow::{Context as _, Result, ensure};
use clap::Args;

use crate::workspace;

#[derive(Args)]
pub(crate) struct Arguments {
    /// Change nothing; fail if something is not as it would be written
    #[arg(long)]
    check: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let directory = workspace().join("docs/rules");
    let wanted = pages()?;
    let mut stale: Vec<String> = Vec::new();
    for entry in fs::read_dir(&directory).into_iter().flatten() {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if !wanted.contains_key(&name) {
            stale.push(name);
        }
    }
    if !arguments.check {
        fs::create_dir_all(&directory).with_context(|| format!("cannot create {}", directory.display()))?;
        for name in &stale {
            fs::remove_file(directory.join(name))?;
        }
        for (name, text) in &wanted {
            fs::write(directory.join(name), text)
                .with_context(|| format!("cannot write docs/rules/{name}"))?;
        }
        return Ok(());
    }
    for (name, text) in &wanted {
        if fs::read_to_string(directory.join(name)).ok().as_ref() != Some(text) {
            stale.push(name.clone());
        }
    }
    ensure!(stale.is_empty(), "stale in docs/rules: {}; run 'cargo xtask docs'", stale.join(", "));
    Ok(())
}

fn pages() -> Result<BTreeMap<String, String>> {
    let mut index = String::from(
        "# Rules\n\nWritten by `cargo xtask docs` from the pages beside the rules in `shared/rules/src/rules`.\n\n\
         | code | name | area | severity | what holds when it passes |\n|---|---|---|---|---|\n",
    );
    let mut pages = BTreeMap::new();
    for rule in mesh_rules::ALL {
        let (code, name) = (rule.code, rule.name);
        writeln!(
            index,
            "| [{code}]({code}.md) | {name} | {} | {} | {} |",
            rule.area(),
            rule.severity,
            rule.summary
        )?;
        pages.insert(format!("{code}.md"), rule.docs.to_owned());
    }
    pages.insert("README.md".to_owned(), index);
    Ok(pages)
}
