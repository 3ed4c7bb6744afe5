//! MESH001.

use mesh_model::{FieldPath, Kind, Note, ObjectRef, Origin};

use crate::rule::declare_rule;
use crate::shell::{self, word};
use crate::{Check, MeshView, Sink, Subject, Tags};

declare_rule! {
    "unreadable_input.md",
    pub static UNREADABLE_INPUT = {
        code: 1, name: "unreadable-input", summary: "every document can be read",
        severity: Error, tags: Tags::empty(), needs: [], closed: [], after: [],
        check: Check::Mesh(check),
    };
}

fn check(mesh: &MeshView<'_>, out: &mut Sink<'_>) {
    for note in mesh.notes() {
        let Note::Unreadable { cluster, object, file, position, message } = note else { continue };
        let document =
            Subject::Document { cluster: cluster.clone(), file: file.clone(), position: *position };
        let Some(object) = object else {
            out.report_subject(
                document,
                FieldPath::root(),
                format!("document of \"{file}\" cannot be read: {message}"),
            )
            .command(dry_run(file), file != "stdin");
            continue;
        };
        let text = format!("{} \"{}\" cannot be read: {message}", object.kind, object.qualified_name());
        let origin = origin(mesh, object);
        let draft = out.report_object(object.clone(), FieldPath::root(), text).read_at(origin);
        if file.is_empty() {
            let namespace = match object.namespace.as_str() {
                "" => String::new(),
                namespace => format!(" -n {}", shell::name(namespace)),
            };
            let (resource, name) = (object.kind.resource(), shell::name(&object.name));
            draft.command(format!("kubectl edit {resource} {name}{namespace}"), false);
        } else {
            draft
                .evidence_of(document, FieldPath::root(), "the document that was given")
                .command(dry_run(file), file != "stdin");
        }
    }
}

/// Of an object that became a row though its content makes no sense, the place where it was read.
fn origin(mesh: &MeshView<'_>, object: &ObjectRef) -> Origin {
    let cluster = mesh.all_clusters().find(|view| *view.name() == object.cluster);
    let rows = cluster.filter(|_| object.kind == Kind::ConfigMap).map(|view| view.config_maps());
    let row = rows.and_then(|rows| rows.find(&object.namespace, &object.name));
    row.map(|row| row.origin).unwrap_or_default()
}

/// The server's own word on a file; it stores nothing. What came by standard input is to be given again.
fn dry_run(file: &str) -> String {
    let given = if file == "stdin" { std::borrow::Cow::Borrowed("-") } else { word(file) };
    format!("kubectl apply --dry-run=server -f {given}")
}
