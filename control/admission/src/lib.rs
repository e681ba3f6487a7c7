//! The unix sockets that the daemons are talked to on: who may, and how long a client may take.
//!
//! A socket's file has mode 0660: its owner and its group connect, which the kernel checks. Modes
//! get loosened, though, and privileged processes ignore them, so each peer is asked for as well
//! (`SO_PEERCRED`): it is root, the file's owner or in the file's group, or it is hung up on. To let
//! more people in, add them to the group, or give the file another one (`chgrp`): the file is looked
//! at for every connection.
//!
//! ```no_run
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let (_file, listener) = admission::bind("/run/erlab/lab/ERGW1.sock".as_ref())?;
//! let routes = axum::Router::new();
//! admission::serve(listener, routes, admission::Limits::default(), std::future::pending()).await?;
//! # Ok(())
//! # }
//! ```

mod groups;
mod http;
mod listener;
mod peer;

pub use http::{Limits, serve};
pub use listener::{BindError, Incoming, Listener, SocketFile, bind};
pub use peer::{Peer, Rule};
