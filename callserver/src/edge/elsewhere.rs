//! Phones of the callee that are registered with other servers on the same database.

use std::time::SystemTime;

use switch::{Elsewhere, Reached};

use crate::neighbours::Neighbours;
use crate::store::{OtherBinding, Store};

/// Adds them to where something leads. If the database fails, those of this server ring alone.
pub(super) async fn add(store: &Store, others: &Neighbours, mut reached: Reached) -> Reached {
    let found = store
        .other_bindings(&reached.accounts(), SystemTime::now())
        .await;
    let found = found.unwrap_or_else(|error| {
        tracing::warn!(%error, "phones at other servers are not known at the moment");
        Vec::new()
    });
    reached.add_elsewhere(|account| {
        let theirs = found.iter().filter(|binding| binding.account == account);
        theirs.filter_map(|binding| way(others, binding)).collect()
    });
    reached
}

/// The way to one of them; `None` while its server is not there.
fn way(others: &Neighbours, binding: &OtherBinding) -> Option<Elsewhere> {
    let (transport, server) = *others.get(&binding.node)?;
    Some(Elsewhere {
        device: binding.device,
        contact: binding.contact.clone(),
        q: binding.q,
        instance: binding.instance.clone(),
        token: binding.token.clone(),
        transport,
        server,
    })
}
