//! Files -> cluster builders, on a few threads. The result does not depend on their number.

use std::collections::BTreeMap;
use std::io::Read;
use std::num::NonZero;
use std::ops::Range;
use std::sync::Arc;
use std::thread;

use mesh_model::{ClusterBuilder, ClusterName, Gap, Note};

use crate::files::{self, File};
use crate::read::{Opened, Reader};
use crate::unit::Unit;
use crate::{Input, LoadOptions, Loaded, Places, SourceError};

/// Below this many bytes a second thread costs more than it saves.
const SMALL: u64 = 256 << 10;
/// More threads only make more copies of the strings that a cluster shares.
const MAX_THREADS: usize = 4;
/// Enough for the deepest document that is accepted, in a build without optimisation.
const STACK: usize = 16 << 20;

pub(crate) fn load(
    inputs: &[Input],
    options: &LoadOptions,
    stdin: &mut dyn Read,
) -> Result<Loaded, SourceError> {
    let found = files::find(inputs, stdin)?;
    let mut clusters: BTreeMap<ClusterName, ClusterBuilder> =
        found.clusters.keys().map(|name| (name.clone(), ClusterBuilder::new(name.clone()))).collect();
    let files: Vec<File> = found.clusters.into_values().flatten().collect();
    let threads = thread::available_parallelism().map_or(1, NonZero::get).min(MAX_THREADS);
    let (mut unknown_documents, mut objects) = (0, 0);
    for share in run(&files, &plan(&files, threads)) {
        unknown_documents += share.unknown;
        objects += share.objects;
        for builder in share.builders {
            if let Some(cluster) = clusters.get_mut(builder.name()) {
                cluster.absorb(builder);
            }
        }
    }
    for note in found.notes {
        if let Note::Unreadable { cluster, .. } = &note
            && let Some(builder) = clusters.get_mut(cluster)
        {
            builder.note(note);
        }
    }
    for (cluster, directory) in found.empty {
        if let Some(builder) = clusters.get_mut(&cluster) {
            let cause = format!("directory \"{}\" is empty: nothing was exported", directory.display());
            builder.gaps_mut().lose_cluster(Gap::Truncated { cause });
        }
    }
    let mut clusters: Vec<_> = clusters.into_values().collect();
    for cluster in &mut clusters {
        if let Some(version) = options.istio_version {
            cluster.set_istio_version(version);
        }
        if !options.complete {
            cluster.lose_what_was_not_given();
        }
    }
    Ok(Loaded { clusters, places: Places::new(files), unknown_documents, objects })
}

/// A file for one thread, or a range of units of a file that threads share.
#[derive(Clone)]
struct Task<'f> {
    file: usize,
    shared: Option<(Arc<Opened<'f>>, Range<usize>)>,
}

/// Cuts the work into shares of about equal bytes, in the order of files.
fn plan(files: &[File], threads: usize) -> Vec<Vec<Task<'_>>> {
    let total: u64 = files.iter().map(|file| file.size).sum();
    let shares = if total < SMALL { 1 } else { threads.max(1) };
    let mut plan = vec![Vec::new(); shares];
    let share =
        |offset: u64| usize::try_from(offset * shares as u64 / total.max(1)).unwrap_or(0).min(shares - 1);
    let mut offset = 0;
    for (number, file) in files.iter().enumerate() {
        let (first, last) = (share(offset), share(offset + file.size));
        let large = file.size > SMALL && file.size > total / (2 * shares as u64);
        match large.then(|| Opened::open(file)) {
            Some(Ok(opened)) if first < last => {
                let opened = Arc::new(opened);
                let mut from = 0;
                for (at, tasks) in plan.iter_mut().enumerate().take(last + 1).skip(first) {
                    let ends = |unit: &Unit| share(offset + unit.bytes.start as u64) > at;
                    let rest = &opened.units[from..];
                    let length = if at == last {
                        rest.len()
                    } else {
                        rest.iter().position(ends).unwrap_or(rest.len())
                    };
                    tasks.push(Task {
                        file: number,
                        shared: Some((Arc::clone(&opened), from..from + length)),
                    });
                    from += length;
                }
            }
            _ => plan[first].push(Task { file: number, shared: None }),
        }
        offset += file.size;
    }
    plan
}

/// What one thread read.
#[derive(Default)]
struct Share {
    builders: Vec<ClusterBuilder>,
    unknown: usize,
    objects: usize,
}

fn run(files: &[File], plan: &[Vec<Task<'_>>]) -> Vec<Share> {
    thread::scope(|scope| {
        let threads: Vec<_> = plan
            .iter()
            .map(|tasks| {
                let work = move || read_share(files, tasks);
                thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work).map_err(|_| work)
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| match thread {
                Ok(thread) => thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
                // No thread to be had: here, then.
                Err(work) => work(),
            })
            .collect()
    })
}

fn read_share(files: &[File], mut tasks: &[Task<'_>]) -> Share {
    let mut share = Share::default();
    while let Some(first) = tasks.first() {
        let cluster = &files[first.file].cluster;
        let same = tasks.iter().take_while(|task| files[task.file].cluster == *cluster).count();
        let mut builder = ClusterBuilder::new(cluster.clone());
        let mut reader = Reader::new(&mut builder);
        for Task { file, shared } in &tasks[..same] {
            match shared {
                Some((opened, range)) => reader.units(opened, range.clone(), &files[*file], *file),
                None => reader.file(&files[*file], *file),
            }
        }
        share.unknown += reader.unknown;
        share.objects += reader.objects;
        share.builders.push(builder);
        tasks = &tasks[same..];
    }
    share
}
