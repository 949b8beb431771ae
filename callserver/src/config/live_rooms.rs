//! Live rooms: chat over plain TCP and UDP, for whoever knows the address.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use serde::Deserialize;

use super::{ConfigError, listen};
use crate::live_rooms::HallConfig;

/// `[live_rooms]`
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LiveRoomsSection {
    /// Where they are, `ADDRESS:PORT`, over TCP and UDP; without it there are none. Naming it is the consent to what travels
    /// there unencrypted.
    pub listen: Option<String>,
    /// Whoever says nothing for so long has left.
    pub timeout_seconds: u64,
    /// Rooms at once.
    pub max_rooms: usize,
    /// People in one room.
    pub max_members: usize,
    /// People in all rooms.
    pub max_people: usize,
    /// People who came from one address.
    pub max_people_per_address: usize,
    /// Texts that one of them may say in ten seconds.
    pub texts_per_ten_seconds: u32,
    /// Requests over TCP that one address may make in a minute.
    pub requests_per_minute: u32,
}

impl Default for LiveRoomsSection {
    fn default() -> Self {
        Self {
            listen: None,
            timeout_seconds: 120,
            max_rooms: 1_000,
            max_members: 200,
            max_people: 5_000,
            // A class behind one address.
            max_people_per_address: 100,
            // Faster than anybody types, slower than a flood: two a second, and twenty at once.
            texts_per_ten_seconds: 20,
            requests_per_minute: 120,
        }
    }
}

const PORT: u16 = 5070;

impl LiveRoomsSection {
    /// Where they listen and what their limits are; `None` if there are none.
    ///
    /// # Errors
    /// If the address is none, or nobody could stay in a room.
    pub fn read(&self) -> Result<Option<(SocketAddr, HallConfig)>, ConfigError> {
        if self.timeout_seconds == 0 {
            return Err(ConfigError::NoLiveRoomsTimeout);
        }
        let Some(text) = self.listen.clone() else {
            return Ok(None);
        };
        let default = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), PORT);
        let address = listen::plain("live_rooms.listen", Some(text), default, true)?;
        let config = HallConfig {
            patience: Duration::from_secs(self.timeout_seconds),
            max_rooms: self.max_rooms,
            max_members: self.max_members,
            max_seats: self.max_people,
            max_seats_per_source: self.max_people_per_address,
            texts_per_ten_seconds: self.texts_per_ten_seconds,
            requests_per_minute: self.requests_per_minute,
        };
        Ok(Some((address, config)))
    }
}
