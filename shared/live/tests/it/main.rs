//! The loader against fake API servers behind sockets.

mod contexts;
mod discover;
mod lists;
mod lost;
mod support;
