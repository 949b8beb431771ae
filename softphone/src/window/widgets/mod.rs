//! The small parts that the panels are made of. Each names itself to screen readers.

mod avatar;
mod button;
mod field;
mod meter;
mod presence;
mod words;

pub(crate) use avatar::avatar;
pub(crate) use button::{Button, Kind, badge, focus_ring};
pub(crate) use field::Field;
pub(crate) use meter::meter;
pub(crate) use presence::{Presence, presence};
pub(crate) use words::{elided, icon, paragraph, words};
