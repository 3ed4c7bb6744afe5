//! The program as a process: what is typed, what comes out on which stream, and how it ends.

mod called_as;
mod canary;
mod clusters;
mod exits;
mod files;
mod help;
mod hostile;
mod look;
mod program;
mod readme;
mod streams;
mod traffic;
mod usage;
