//! Tools of the project itself, run as `cargo xtask COMMAND`. Owns nothing a user runs.

fn main() -> anyhow::Result<()> {
    anyhow::bail!("no command given")
}
