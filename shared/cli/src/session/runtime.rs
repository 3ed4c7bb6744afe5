//! The runtime of one run, for as long as clusters may be asked.

use tokio::runtime::{Builder, Runtime};

use crate::Failure;

/// A runtime of one thread that ends without waiting for what still runs, such as a credential plugin.
pub(super) struct Impatient(Option<Runtime>);

impl Impatient {
    pub(super) fn start() -> Result<Self, Failure> {
        // kube would find no provider of its own to pick where several are linked. An error means that one is
        // installed, which is as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let runtime = Builder::new_current_thread().enable_all().build().map_err(Failure::Runtime)?;
        Ok(Self(Some(runtime)))
    }

    pub(super) fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.0.as_ref().expect("it is taken by drop alone").block_on(future)
    }
}

impl Drop for Impatient {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}
