//! MESH002.

use mesh_model::{FieldPath, Note};

use crate::rule::declare_rule;
use crate::shell;
use crate::{Check, MeshView, Sink, Subject, Tags};

declare_rule! {
    "object_given_twice.md",
    pub static OBJECT_GIVEN_TWICE = {
        code: 2, name: "object-given-twice", summary: "every object is given once",
        severity: Warning, tags: Tags::empty(), needs: [], closed: [], after: [],
        check: Check::Mesh(check),
    };
}

fn check(mesh: &MeshView<'_>, out: &mut Sink<'_>) {
    for note in mesh.notes() {
        let Note::GivenTwice { object, places: [first, other], origins: [_, origin] } = note else {
            continue;
        };
        let place = if first == other {
            format!("twice in \"{first}\"")
        } else {
            format!("in \"{first}\" and in \"{other}\"")
        };
        let name = object.qualified_name();
        let namespace = match object.namespace.as_str() {
            "" => String::new(),
            namespace => format!(" -n {}", shell::name(namespace)),
        };
        out.report_object(
            object.clone(),
            FieldPath::root(),
            format!("{} \"{name}\" is given {place} with different content; the first counts", object.kind),
        )
        .read_at(*origin)
        .evidence_of(Subject::Object(object.clone()), FieldPath::root(), format!("taken from {first}"))
        .command(
            format!(
                "kubectl get {} {}{namespace} -o yaml",
                object.kind.resource(),
                shell::name(&object.name)
            ),
            true,
        );
    }
}
