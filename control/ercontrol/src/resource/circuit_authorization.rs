//! `expressRouteCircuits/{c}/authorizations`: the right to connect from another subscription.

/// An authorization. Its key is in [`super::Held`]; whether it is in use follows from the
/// connections, so that it is free again the moment its connection is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CircuitAuthorization;
