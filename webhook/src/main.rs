//! `mesh-webhook`: options, log, signals; all else is the library's.

use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser as _;
use mesh_webhook::args::Args;
use mesh_webhook::router::Shared;
use mesh_webhook::server::{Server, Setup};
use mesh_webhook::tls::Certificates;
use mesh_webhook::verdict::Judge;
use tokio::signal::unix::{SignalKind, signal};

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    tracing_subscriber::fmt().json().flatten_event(true).with_max_level(args.log_level).init();
    match run(args).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error, "cannot serve");
            ExitCode::from(2)
        }
    }
}

async fn run(args: Args) -> Result<(), String> {
    let certificates = Certificates::load(args.files()).map_err(|error| error.to_string())?;
    let mut terminate = signal(SignalKind::terminate()).map_err(|error| error.to_string())?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(|error| error.to_string())?;
    let judge = Judge::new(args.modes(), &args.cluster);
    let setup = Setup {
        listen: args.listen,
        admin_listen: args.admin_listen,
        lame_duck: args.lame_duck,
        certificates: Arc::new(certificates),
        shared: Arc::new(Shared::new(judge, args.failure_policy)),
    };
    let server = Server::bind(setup).await.map_err(|error| error.to_string())?;
    let (reviews, admin) = server.addresses().map_err(|error| error.to_string())?;
    tracing::info!(%reviews, %admin, version = env!("CARGO_PKG_VERSION"), "ready");
    server
        .run(async {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        })
        .await;
    Ok(())
}
