//! Reports as they are printed.

mod fixture;
mod formats;
mod hostile;
mod looks;
