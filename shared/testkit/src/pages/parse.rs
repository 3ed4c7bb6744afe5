//! Markdown to cases.

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Parser, Tag, TagEnd};

use super::settings::{FenceWords, Settings};
use super::{Case, Expected, Fence, PageError, Section};

/// Everything a page holds that the tests look at.
pub(super) struct Parsed {
    pub(super) title: String,
    pub(super) headings: Vec<String>,
    pub(super) cases: Vec<Case>,
}

pub(super) fn parse(docs: &str) -> Result<Parsed, PageError> {
    let mut page = Parsed { title: String::new(), headings: Vec::new(), cases: Vec::new() };
    let mut reader = Reader { section: None, open: None };
    let mut heading: Option<(HeadingLevel, String)> = None;
    let mut fence: Option<(String, usize, String)> = None;
    for (event, range) in Parser::new(docs).into_offset_iter() {
        match event {
            Event::Start(Tag::Heading { level, .. }) => heading = Some((level, String::new())),
            Event::Text(text) | Event::Code(text) => {
                let words = heading.as_mut().map(|(_, words)| words);
                if let Some(open) = words.or_else(|| fence.as_mut().map(|(_, _, body)| body)) {
                    open.push_str(&text);
                }
            }
            Event::End(TagEnd::Heading(_)) => {
                if let Some((level, words)) = heading.take() {
                    reader.heading(level, words, &mut page)?;
                }
            }
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) => {
                fence = Some((info.to_string(), line_of(docs, range.start) + 1, String::new()));
            }
            Event::End(TagEnd::CodeBlock) => {
                if let Some((info, line, body)) = fence.take() {
                    reader.fence(&info, line, body)?;
                }
            }
            _ => {}
        }
    }
    reader.close(&mut page)?;
    Ok(page)
}

/// Line of a byte, from 1.
fn line_of(text: &str, at: usize) -> usize {
    text[..at].matches('\n').count() + 1
}

struct Reader {
    section: Option<Section>,
    open: Option<(String, Settings, Vec<Fence>)>,
}

impl Reader {
    fn heading(&mut self, level: HeadingLevel, words: String, page: &mut Parsed) -> Result<(), PageError> {
        match level {
            HeadingLevel::H1 => page.title = words,
            HeadingLevel::H2 => {
                self.close(page)?;
                self.section = Section::of(&words);
                page.headings.push(words);
            }
            HeadingLevel::H3 if self.section.is_some() => {
                self.close(page)?;
                self.open = Some((words, Settings::default(), Vec::new()));
            }
            _ => {}
        }
        Ok(())
    }

    fn fence(&mut self, info: &str, line: usize, text: String) -> Result<(), PageError> {
        let Some(section) = self.section else { return Ok(()) };
        let (_, settings, fences) =
            self.open.get_or_insert_with(|| (section.heading().to_owned(), Settings::default(), Vec::new()));
        let words = FenceWords::parse(info, settings).map_err(|reason| PageError { line, reason })?;
        let file = words.file.unwrap_or_else(|| format!("{}-{}.yaml", words.cluster, fences.len() + 1));
        if fences.iter().any(|fence| fence.file == file) {
            return Err(PageError { line, reason: format!("a second fence is called file={file}") });
        }
        let expected = expected(&text);
        fences.push(Fence { cluster: words.cluster, file, line, text, expected });
        Ok(())
    }

    fn close(&mut self, page: &mut Parsed) -> Result<(), PageError> {
        let Some((title, settings, fences)) = self.open.take() else { return Ok(()) };
        let section = self.section.expect("a case is opened in a section only");
        let Some(first) = fences.first() else {
            return Err(PageError { line: 1, reason: format!("the case \"{title}\" has no fence") });
        };
        let expects = fences.iter().any(|fence| !fence.expected.is_empty());
        if expects != (section == Section::Fires) {
            let reason = match section {
                Section::Fires => format!("\"{title}\" expects no finding: add '# error: [MESHnnn]'"),
                _ => format!("\"{title}\" expects a finding in a section of silent cases"),
            };
            return Err(PageError { line: first.line, reason });
        }
        page.cases.push(Case { title, section, settings, fences });
        Ok(())
    }
}

/// The expectations of one fence. Comments above the first line of content belong to the fence as a whole.
fn expected(text: &str) -> Vec<Expected> {
    let mut found = Vec::new();
    let mut at_head = true;
    for (position, line) in text.lines().enumerate() {
        let bare = line.trim_start();
        at_head &= bare.is_empty() || bare.starts_with('#');
        let line_number = (!at_head).then_some(position + 1);
        for (severity, code) in comments(line) {
            found.push(Expected { line: line_number, severity, code });
        }
    }
    found
}

/// The pairs (severity, code) of a comment such as `# error: [MESH201] [MESH201]`.
fn comments(line: &str) -> Vec<(String, String)> {
    let Some(start) = line
        .match_indices('#')
        .map(|(at, _)| at)
        .find(|at| *at == 0 || line[..*at].ends_with(char::is_whitespace))
    else {
        return Vec::new();
    };
    let Some((severity, codes)) = line[start + 1..].trim().split_once(": [") else { return Vec::new() };
    if !["error", "warning", "info"].contains(&severity) {
        return Vec::new();
    }
    let codes = codes.split('[').filter_map(|part| part.trim().strip_suffix(']'));
    codes.map(|code| (severity.to_owned(), code.to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "# MESH999 a-name\n\n## Fires\n\n### One\n\n```yaml cluster=west now=2026-01-01T00:00:00Z\n\
        # error: [MESH999]\na: 1 # warning: [MESH998] [MESH999]\n```\n\n```yaml cluster=east file=x.yaml\nb: '#'\n```\n\n\
        ## Does not fire\n\n```yaml cluster=west\na: b # a note: [x]\n```\n";

    #[test]
    fn a_case_takes_all_its_fences_and_settings() {
        let page = parse(PAGE).unwrap();
        assert_eq!(page.title, "MESH999 a-name");
        assert_eq!(page.headings, ["Fires", "Does not fire"]);
        let titles: Vec<_> = page.cases.iter().map(|case| (&*case.title, case.fences.len())).collect();
        assert_eq!(titles, [("One", 2), ("Does not fire", 1)]);
        assert_eq!(page.cases[0].settings.now, 1_767_225_600);
        assert_eq!(page.cases[0].fences[0].line, 8);
        assert_eq!(page.cases[0].fences[1].file, "x.yaml");
    }

    #[test]
    fn comments_above_the_content_belong_to_the_cluster_and_others_to_their_line() {
        let page = parse(PAGE).unwrap();
        let of = |fence: &Fence| fence.expected.iter().map(|e| (e.line, e.code.clone())).collect::<Vec<_>>();
        let code = |code: &str| code.to_owned();
        assert_eq!(
            of(&page.cases[0].fences[0]),
            [(None, code("MESH999")), (Some(2), code("MESH998")), (Some(2), code("MESH999"))]
        );
        assert!(of(&page.cases[1].fences[0]).is_empty());
    }

    #[test]
    fn a_firing_case_without_a_comment_and_a_silent_one_with_one_are_refused() {
        let silent = "## Fires\n\n```yaml cluster=west\na: 1\n```\n";
        assert!(parse(silent).is_err_and(|error| error.reason.contains("expects no finding")));
        let loud = "## Does not fire\n\n```yaml cluster=west\na: 1 # error: [MESH999]\n```\n";
        assert!(parse(loud).is_err_and(|error| error.reason.contains("silent cases")));
    }
}
