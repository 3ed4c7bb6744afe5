//! `kubectl mesh` against the lab's real API servers, called as users call it: by the real kubectl.
//! Needs the running lab with the clusters west and east.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "tests that write files for the program to read; a helper that fails fails its test"
)]

mod access;
mod equal;
mod hybrid;
mod krew;
mod through;
mod traffic;
