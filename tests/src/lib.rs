//! End-to-end tests of the workspace live in this package's `tests/`; the library itself is empty.
