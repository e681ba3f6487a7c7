//! Whole labs: deploy, find, run commands in, destroy.
//!
//! Everything a lab owns is either below its run directory, in a namespace that `network` made for
//! it, or a process that carries its mark. `destroy` removes by those three and asks nobody, so it
//! works after a crash of everything else; `deploy` uses the same `destroy` to take back a
//! deployment that failed half way.

mod bpf_filesystem;
mod deploy;
mod destroy;
mod exec;
mod guardian;
mod inheritance;
mod interrupt;
mod lab;
mod probe;
mod readiness;
mod registration;
mod revision;
mod run_directory;

pub use deploy::{DeployError, Progress, deploy};
pub use destroy::{DestroyError, Removed, destroy, destroy_all};
pub use exec::{ExecError, exec};
pub use guardian::StartError;
pub(crate) use guardian::find as find_guardian;
pub use interrupt::{Interrupt, Interrupted};
pub use lab::{FindError, Lab, LabState, running_labs};
pub use probe::{ProbeError, probe};
pub use readiness::{NotReady, ReadinessError};
pub use registration::RegistrationError;
pub use revision::{Behind, InForce, in_force};
pub(crate) use revision::{Standing, Status};
pub use run_directory::RunDirectory;
pub(crate) use run_directory::write_json;
