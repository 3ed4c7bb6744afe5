//! What becomes of traffic when something is lost: before, at the loss, settled.
//!
//! Owns what a loss takes away, how Envoy and istiod find out, and who then gets which share. It computes by the same
//! functions that predict a healthy mesh, on the same facts. Knows no command line and no findings.
//!
//! ```text
//! Scenario --outcome--> for each caller a Course: before | at the loss | settled --> shares per destination
//!                   \---mend---> the change of outlier detection that would help, computed in the same way
//! ```
//!
//! A loss that istiod sees (`drain`) ends with what it then sends; one that it does not see ends with what outlier
//! detection may take out. Behind an east-west gateway the same computation goes on with the gateway as the client.
//! Shares are of first attempts: retries change who answers, not who is picked first (docs/envoy.md 1.8).

mod asked;
mod callers;
mod course;
mod gone;
mod loss;
mod mend;
mod outcome;
mod relay;
mod shares;
mod stage;

pub use callers::{Caller, Callers};
pub use course::{Course, EjectionOf, Moment};
pub use loss::{Fate, Loss, Lost, Mode, Target, is_of_workload};
pub use mend::{Change, Mend, mend};
pub use outcome::{Outcome, Scenario, outcome};
pub use shares::{Destination, Shares};
