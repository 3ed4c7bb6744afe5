//! A lab for one run: made for it, ended however the run ends, apart from the labs that somebody works with.

use std::path::{Path, PathBuf};

use anyhow::Result;
use mesh_lab::{Lab, build::Toolbox, cache, run::say, state::Roots, up};

/// A running lab that ends with this value.
pub(crate) struct OwnLab(PathBuf);

impl OwnLab {
    /// Starts a lab of this checkout; `purpose` tells it from others. What an interrupted run left is ended first.
    pub(crate) fn start(purpose: &str, clusters: &[&str], toolbox: Toolbox) -> Result<Self> {
        let name = cache::digest([crate::workspace().as_os_str().as_encoded_bytes()]);
        let directory = cache::directory()?.join("labs").join(format!("{name}-{purpose}"));
        up::down(&directory)?;
        let lab = Self(directory);
        let clusters: Vec<String> = clusters.iter().map(|name| (*name).to_owned()).collect();
        up::up(&lab.0, &clusters, Roots::Shared, toolbox)?;
        Ok(lab)
    }

    /// To run commands in it.
    pub(crate) fn open(&self) -> Result<Lab> {
        Lab::open(&self.0)
    }
}

impl Drop for OwnLab {
    fn drop(&mut self) {
        if let Err(error) = up::down(Path::new(&self.0)) {
            say(&format!("lab: cannot end the lab of the run: {error:#}"));
        }
    }
}
