//! The program as a process: what is typed, what comes out on which stream, and how it ends.

mod called_as;
mod program;
mod usage;
