//! Reports as they are printed.

mod ci;
mod fixture;
mod formats;
mod hostile;
mod looks;
