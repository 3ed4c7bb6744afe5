//! Files and standard input, named by `-f`.

use std::collections::BTreeMap;

use mesh_model::{FieldPath, Gap, Kind, Mesh, MeshBuilder};
use mesh_report::Place;
use mesh_rules::{Finding, Subject};
use mesh_source::{Input, LoadOptions, Places};

use super::loaded::Read;
use crate::Failure;
use crate::args::SourceArgs;

pub(super) fn load(args: &SourceArgs) -> Result<Read, Failure> {
    let inputs: Vec<Input> = args.filename.iter().map(|argument| Input::from(argument.as_str())).collect();
    let options = LoadOptions { complete: args.complete, istio_version: args.istio_version };
    let loaded = mesh_source::load(&inputs, &options)?;
    let places = loaded.places;
    let given_at = |origin| {
        places.locate(&origin, &FieldPath::root()).map_or_else(String::new, |place| place.to_string())
    };
    let mesh = loaded
        .clusters
        .into_iter()
        .fold(MeshBuilder::default(), MeshBuilder::with)
        .finish_with_places(&given_at);
    if loaded.objects == 0 && tells_nothing(&mesh, args.complete) {
        return Err(Failure::NothingGiven {
            inputs: args.filename.clone(),
            unknown: loaded.unknown_documents,
        });
    }
    let locate = move |finding: &Finding| place_of(&places, finding);
    Ok(Read {
        mesh,
        readings: BTreeMap::new(),
        locate: Box::new(locate),
        namespace: None,
        beyond: Vec::new(),
        asking: None,
    })
}

fn place_of(places: &Places, finding: &Finding) -> Option<Place> {
    if let Some(place) = places.locate(&finding.origin, &finding.path) {
        return Some(Place { file: place.file, line: place.line, column: place.column });
    }
    // What could not be read has no row: the document is the subject, or the evidence where its name is known.
    let subjects =
        std::iter::once(&finding.subject).chain(finding.evidence.iter().map(|evidence| &evidence.subject));
    subjects.into_iter().find_map(|subject| match subject {
        Subject::Document { file, position: Some((line, column)), .. } => {
            Some(Place { file: file.clone(), line: *line, column: *column })
        }
        _ => None,
    })
}

/// True when a check would look at nothing at all: a pass would then be a lie.
fn tells_nothing(mesh: &Mesh, complete: bool) -> bool {
    let nothing_given = |kind: &Kind| {
        mesh.clusters().iter().all(|cluster| cluster.gaps.of(*kind).is_some_and(Gap::is_not_given))
    };
    mesh.notes().is_empty() && (complete || Kind::ALL.iter().all(nothing_given))
}
