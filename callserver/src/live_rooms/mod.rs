//! Live rooms: chat over plain TCP and UDP, in rooms that last as long as their host stays.
//!
//! [`hall`] decides and touches nothing; [`listen`] has the sockets. The wire format is [`api::LiveFrame`]'s, and
//! `LIVE_ROOMS.md` explains it to whoever writes a client. Whoever knows a room's name can enter it, and everything
//! travels in clear: so live rooms are off until the operator names an address for them.

mod hall;
mod listen;
mod seats;

pub use hall::{Figures, HallConfig};
pub use listen::{LiveGauge, LiveRooms, LiveRoomsError};
