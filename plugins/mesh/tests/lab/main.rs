//! `kubectl mesh check` against the lab's real API servers, called as users call it: by the real kubectl.
//! Needs the running lab with the clusters west and east.

mod access;
mod equal;
mod krew;
mod through;
