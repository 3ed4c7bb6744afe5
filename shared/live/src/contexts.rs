//! From what was typed to the contexts that are read, each under one name.

use mesh_model::ClusterName;
use wildmatch::WildMatch;

use crate::error::KnownContexts;
use crate::kubeconfig::Contexts;
use crate::{LiveError, Plan};

/// A context that is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    /// Name of the cluster in everything that follows.
    pub(crate) name: ClusterName,
    /// Name of the context in the kubeconfig.
    pub(crate) context: String,
}

/// The contexts of the plan, sorted by name. Without any typed, this is the current one alone.
pub(crate) fn select(contexts: &Contexts, plan: &Plan) -> Result<Vec<Target>, LiveError> {
    let mut targets = if plan.all_contexts {
        let all: Vec<_> = contexts.names().into_iter().map(|name| target(&name, &name)).collect();
        if all.is_empty() {
            return Err(LiveError::NoContexts { files: contexts.files() });
        }
        all
    } else if plan.contexts.is_empty() {
        vec![current(contexts, plan)?]
    } else {
        typed(contexts, &plan.contexts)?
    };
    targets.sort_by(|a, b| a.name.cmp(&b.name));
    if let Some(pair) = targets.windows(2).find(|pair| pair[0].name == pair[1].name) {
        return Err(LiveError::NameTwice {
            name: pair[0].name.to_string(),
            first: pair[0].context.clone(),
            second: pair[1].context.clone(),
        });
    }
    Ok(targets)
}

pub(crate) fn target(name: &str, context: &str) -> Target {
    Target { name: name.into(), context: context.to_owned() }
}

fn current(contexts: &Contexts, plan: &Plan) -> Result<Target, LiveError> {
    if let Some(context) = &plan.context {
        return exists(contexts, context).map(|()| target(context, context));
    }
    let context = contexts.config.current_context.as_deref().filter(|context| !context.is_empty());
    let context = context.ok_or_else(|| LiveError::NoCurrentContext { files: contexts.files() })?;
    exists(contexts, context).map(|()| target(context, context)).map_err(|_| {
        LiveError::NoSuchCurrentContext {
            context: context.to_owned(),
            files: contexts.files(),
            known: KnownContexts(contexts.names()),
        }
    })
}

fn exists(contexts: &Contexts, context: &str) -> Result<(), LiveError> {
    if contexts.config.contexts.iter().any(|known| known.name == context) {
        return Ok(());
    }
    Err(LiveError::NoSuchContext {
        context: context.to_owned(),
        files: contexts.files(),
        known: KnownContexts(contexts.names()),
    })
}

/// Each context once, under the first name it was given.
fn typed(contexts: &Contexts, words: &[String]) -> Result<Vec<Target>, LiveError> {
    let mut targets: Vec<Target> = Vec::new();
    let words = words.iter().flat_map(|word| word.split(',')).map(str::trim).filter(|word| !word.is_empty());
    for word in words {
        for found in of_word(contexts, word)? {
            if targets.iter().all(|known| known.context != found.context) {
                targets.push(found);
            }
        }
    }
    Ok(targets)
}

fn of_word(contexts: &Contexts, word: &str) -> Result<Vec<Target>, LiveError> {
    // A context may have `=` in its name; then it is no rename.
    if exists(contexts, word).is_ok() {
        return Ok(vec![target(word, word)]);
    }
    let (name, pattern) = match word.split_once('=') {
        Some((name, pattern)) => (Some(name), pattern),
        None => (None, word),
    };
    let found = matching(contexts, pattern)?;
    match (name, found.as_slice()) {
        (None, _) => Ok(found.iter().map(|context| target(context, context)).collect()),
        (Some(name), [context]) => Ok(vec![target(name, context)]),
        (Some(name), several) => Err(LiveError::AmbiguousRename {
            name: name.to_owned(),
            glob: pattern.to_owned(),
            count: several.len(),
        }),
    }
}

/// At least one context.
fn matching(contexts: &Contexts, pattern: &str) -> Result<Vec<String>, LiveError> {
    if exists(contexts, pattern).is_ok() {
        return Ok(vec![pattern.to_owned()]);
    }
    if !pattern.contains(['*', '?']) {
        exists(contexts, pattern)?;
    }
    let glob = WildMatch::new(pattern);
    let found: Vec<_> = contexts.names().into_iter().filter(|name| glob.matches(name)).collect();
    if found.is_empty() {
        return Err(LiveError::NoMatch {
            glob: pattern.to_owned(),
            files: contexts.files(),
            known: KnownContexts(contexts.names()),
        });
    }
    Ok(found)
}
