use std::sync::Arc;

use mesh_model::{Cluster, Kind, Mesh, MeshBuilder, Note};
use mesh_source::{Input, LoadOptions, Loaded, load_with_stdin};

/// Loads texts of one cluster `east`, named `0.yaml`, `1.yaml`, ...
pub(crate) fn load_texts(texts: &[&str]) -> Loaded {
    let input = |(number, text): (usize, &&str)| Input::Text {
        cluster: "east".into(),
        name: format!("{number}.yaml"),
        text: (*text).to_owned(),
    };
    let inputs: Vec<_> = texts.iter().enumerate().map(input).collect();
    load_with_stdin(&inputs, &LoadOptions::default(), &mut std::io::empty()).expect("text is always there")
}

/// Loads bytes as standard input, for the cluster `default`.
pub(crate) fn load_bytes(mut bytes: &[u8]) -> Loaded {
    load_with_stdin(&[Input::from("-")], &LoadOptions::default(), &mut bytes).expect("bytes are always there")
}

pub(crate) fn mesh(loaded: Loaded) -> Mesh {
    loaded.clusters.into_iter().fold(MeshBuilder::default(), MeshBuilder::with).finish()
}

/// The mesh of one cluster.
pub(crate) fn cluster(loaded: Loaded) -> (Arc<Cluster>, Vec<Note>) {
    let mesh = mesh(loaded);
    assert_eq!(mesh.clusters().len(), 1);
    (Arc::clone(&mesh.clusters()[0]), mesh.notes().to_vec())
}

/// Names of the services, in order.
pub(crate) fn services(cluster: &Cluster) -> Vec<String> {
    cluster.services.rows().iter().map(|row| row.obj.qualified_name()).collect()
}

/// `file:line:column [object] message` of every unreadable document.
pub(crate) fn unreadable(notes: &[Note]) -> Vec<String> {
    let show = |note: &Note| match note {
        Note::Unreadable { object, file, position, message, .. } => {
            let (line, column) = position.unwrap_or_default();
            let object = object.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string);
            format!("{file}:{line}:{column} [{object}] {message}")
        }
        Note::GivenTwice { .. } => format!("{note:?}"),
    };
    notes.iter().map(show).collect()
}

/// A Service as YAML.
pub(crate) fn service(name: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Service\nmetadata:\n  name: {name}\n  namespace: shop\nspec:\n  ports:\n  - port: 80\n"
    )
}

pub(crate) const SERVICE: Kind = Kind::Service;
