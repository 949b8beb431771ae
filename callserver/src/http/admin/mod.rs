//! The administrators' part: what `callctl` does, over HTTP. Every handler takes an [`Administrator`](super::bearer).

mod accounts;
mod audit;
mod call_settings;
mod calls;
mod devices;
mod groups;
mod invitations;
mod numbers;
mod pools;

use super::routing::Routes;

pub(super) fn router() -> Routes {
    Routes::new()
        .merge(accounts::router())
        .merge(audit::router())
        .merge(call_settings::router())
        .merge(calls::router())
        .merge(devices::router())
        .merge(groups::router())
        .merge(invitations::router())
        .merge(numbers::router())
        .merge(pools::router())
}
