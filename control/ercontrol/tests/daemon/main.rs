//! The real program on sockets of its own, with dataplanes that only keep books.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, in its helpers too"
)]

mod keys;
mod lifecycle;
mod privileges;
mod refusals;
mod resources;
mod story;
mod support;
