//! Words of a POSIX shell.

use std::borrow::Cow;

/// `word` as one word of a shell, in single quotes where it needs them.
pub(crate) fn quote(word: &str) -> Cow<'_, str> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@%+=,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        Cow::Borrowed(word)
    } else {
        Cow::Owned(format!("'{}'", word.replace('\'', "'\\''")))
    }
}

/// `line` with `--context CONTEXT` after each `kubectl` that is run. Plugins take no flag before their name, so
/// there it goes to the end of the command.
pub(crate) fn with_context(line: &str, context: &str) -> String {
    let flag = format!(" --context {}", quote(context));
    let mut out = String::with_capacity(line.len() + flag.len());
    for (command, separator) in commands(line) {
        let body = command.trim();
        let lead = command.len() - command.trim_start().len();
        out.push_str(&command[..lead]);
        let names_context =
            body.split_whitespace().any(|word| word == "--context" || word.starts_with("--context="));
        match body.strip_prefix("kubectl ") {
            Some(rest) if !names_context && rest.starts_with("mesh") => {
                out.push_str(body);
                out.push_str(&flag);
            }
            Some(rest) if !names_context => {
                out.push_str("kubectl");
                out.push_str(&flag);
                out.push(' ');
                out.push_str(rest);
            }
            _ => out.push_str(body),
        }
        out.push_str(&command[lead + body.len()..]);
        out.push_str(separator);
    }
    out
}

/// The commands of a line, each with the separator behind it; quotes hide separators.
fn commands(line: &str) -> Vec<(&str, &str)> {
    let mut commands = Vec::new();
    let mut quoted = None;
    let mut start = 0;
    let mut rest = line.char_indices().peekable();
    while let Some((at, c)) = rest.next() {
        match (quoted, c) {
            (None | Some('"'), '\\') => {
                rest.next();
            }
            (None, '\'' | '"') => quoted = Some(c),
            (Some(open), c) if open == c => quoted = None,
            (None, '|' | ';' | '&' | '\n') => {
                let mut end = at + c.len_utf8();
                while let Some(&(next, '|' | '&')) = rest.peek() {
                    end = next + 1;
                    rest.next();
                }
                commands.push((&line[start..at], &line[at..end]));
                start = end;
            }
            _ => {}
        }
    }
    commands.push((&line[start..], ""));
    commands
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_needs_quotes_only_when_a_shell_would_read_it() {
        for (word, quoted) in [
            ("gke_acme-prod_tokyo", "gke_acme-prod_tokyo"),
            ("admin@kind.local:6443/x", "admin@kind.local:6443/x"),
            ("", "''"),
            ("a b", "'a b'"),
            ("$(id)", "'$(id)'"),
            ("it's", "'it'\\''s'"),
            ("{\"a\":1}", "'{\"a\":1}'"),
            ("~", "'~'"),
        ] {
            assert_eq!(quote(word), quoted);
        }
    }

    #[test]
    fn the_context_goes_to_every_kubectl_that_is_run() {
        for (line, full) in [
            ("kubectl label node w1 a=b", "kubectl --context west label node w1 a=b"),
            (
                "kubectl get secret x -o json | jq . | kubectl apply -f -",
                "kubectl --context west get secret x -o json | jq . | kubectl --context west apply -f -",
            ),
            (
                "kubectl get x && kubectl get y",
                "kubectl --context west get x && kubectl --context west get y",
            ),
            ("kubectl mesh fix MESH201 -n shop", "kubectl mesh fix MESH201 -n shop --context west"),
            ("istioctl version", "istioctl version"),
            ("echo 'a | kubectl get'", "echo 'a | kubectl get'"),
            ("kubectl --context=east get x", "kubectl --context=east get x"),
            ("  kubectl get x", "  kubectl --context west get x"),
            ("kubectl", "kubectl"),
            ("", ""),
        ] {
            assert_eq!(with_context(line, "west"), full);
        }
        assert_eq!(with_context("kubectl get x", "a b"), "kubectl --context 'a b' get x");
    }
}
