//! What is told beside the result, on standard error.

/// Notes and progress.
#[derive(Clone, Debug, clap::Args)]
pub struct NoteArgs {
    /// No progress and no notes on standard error; errors are still told.
    #[arg(short, long)]
    pub quiet: bool,
}
