//! The page of a rule as its test: fences become a mesh, comments in them become expected findings.
