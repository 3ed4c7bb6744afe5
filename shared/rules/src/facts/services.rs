//! Who sees a Service.

use mesh_model::Row;
use mesh_model::row::ServiceFact;

/// Namespaces a Service is exported to (`istio: pkg/config/kube`; `~` means none).
const EXPORT_TO: &str = "networking.istio.io/exportTo";

/// Some proxy may see it.
pub(crate) fn is_visible(service: &Row<ServiceFact>) -> bool {
    !service.annotations.get(EXPORT_TO).is_some_and(|to| to.split(',').any(|to| to.trim() == "~"))
}
