//! Progress of reading clusters: one line on standard error, on a terminal only, gone when the result comes.

use std::collections::BTreeSet;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use mesh_live::Event;
use mesh_model::ClusterName;

use crate::text::printable;

/// The line.
pub(crate) struct Progress {
    line: ProgressBar,
    reading: BTreeSet<ClusterName>,
    done: usize,
    objects: usize,
}

impl Progress {
    /// A line that is only drawn if `shown`.
    pub(crate) fn start(shown: bool) -> Self {
        let target = if shown { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let style =
            ProgressStyle::with_template("{spinner} {wide_msg}").expect("the template is well formed");
        let line = ProgressBar::with_draw_target(None, target).with_style(style.tick_chars("|/-\\ "));
        Self { line, reading: BTreeSet::new(), done: 0, objects: 0 }
    }

    /// Takes in what happened.
    pub(crate) fn on(&mut self, event: Event) {
        match event {
            Event::ClusterStarted { cluster } => {
                self.reading.insert(cluster);
            }
            Event::PageRead { objects, .. } => self.objects += objects,
            Event::Gap { .. } => {}
            Event::ClusterDone { cluster, .. } => {
                self.reading.remove(&cluster);
                self.done += 1;
            }
        }
        self.line.set_message(self.message());
        self.line.tick();
    }

    fn message(&self) -> String {
        let reading: Vec<_> = self.reading.iter().map(|cluster| printable(cluster)).collect();
        format!("{} objects, {} clusters done, reading {}", self.objects, self.done, reading.join(", "))
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.line.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use mesh_model::Kind;

    use super::*;

    #[test]
    fn the_line_counts_objects_and_names_the_clusters_still_read() {
        let mut progress = Progress::start(false);
        let name = ClusterName::from;
        progress.on(Event::ClusterStarted { cluster: name("west") });
        progress.on(Event::ClusterStarted { cluster: name("e\u{1b}ast") });
        progress.on(Event::PageRead { cluster: name("west"), kind: Kind::Pod, objects: 500 });
        progress.on(Event::ClusterDone { cluster: name("west"), took: std::time::Duration::ZERO });
        assert_eq!(progress.message(), "500 objects, 1 clusters done, reading e\\u{1b}ast");
    }
}
