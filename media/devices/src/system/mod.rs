//! Real devices, through cpal.

mod capture;
mod format;
mod playback;
mod watch;

use cpal::traits::{DeviceTrait, HostTrait};
use cpal::{Device, Host};

use crate::event::{ListError, OpenError};

pub(crate) use capture::open_microphone;
pub(crate) use playback::open_speaker;

/// A device that exists now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Name to open it by, after `device:`.
    pub name: String,
    /// Words for the user.
    pub description: String,
    /// It can capture.
    pub is_microphone: bool,
    /// It can play.
    pub is_speaker: bool,
    /// It is the one chosen in the system, for what it can do.
    pub is_default: bool,
}

/// The devices that exist now. What records a speaker's output is not listed, though it can be opened.
///
/// # Errors
/// The sound system does not answer.
pub fn list() -> Result<Vec<Listed>, ListError> {
    let host = cpal::default_host();
    let default_input = host.default_input_device().as_ref().and_then(name);
    let default_output = host.default_output_device().as_ref().and_then(name);
    let devices = host.devices().map_err(|error| ListError {
        cause: error.to_string(),
    })?;
    let mut listed: Vec<Listed> = devices
        .filter_map(|device| {
            let name = name(&device)?;
            let description = device.to_string();
            let is_microphone = device.supports_input();
            let is_speaker = device.supports_output();
            Some(Listed {
                is_default: (is_microphone && Some(&name) == default_input.as_ref())
                    || (is_speaker && Some(&name) == default_output.as_ref()),
                name,
                description,
                is_microphone,
                is_speaker,
            })
        })
        .filter(|device| !is_monitor(&device.name))
        .collect();
    listed.sort_by_key(|device| !device.is_default);
    Ok(listed)
}

/// PulseAudio's sources that hear what a sink plays.
fn is_monitor(name: &str) -> bool {
    name.ends_with(".monitor")
}

fn name(device: &Device) -> Option<String> {
    device.id().ok().map(|id| id.id().to_owned())
}

/// One of the two directions, and its words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Microphone,
    Speaker,
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Kind::Microphone => "microphone",
            Kind::Speaker => "speaker",
        }
    }

    fn fits(self, device: &Device) -> bool {
        match self {
            Kind::Microphone => device.supports_input(),
            Kind::Speaker => device.supports_output(),
        }
    }

    fn default(self, host: &Host) -> Option<Device> {
        match self {
            Kind::Microphone => host.default_input_device(),
            Kind::Speaker => host.default_output_device(),
        }
    }

    fn refused(self, name: &str, error: &cpal::Error) -> OpenError {
        OpenError::Refused {
            kind: self.word(),
            name: name.to_owned(),
            cause: error.to_string(),
        }
    }
}

/// Finds a device by its name or its description; without a name, the one chosen in the system.
fn find(kind: Kind, wanted: Option<&str>) -> Result<Device, OpenError> {
    let host = cpal::default_host();
    let Some(wanted) = wanted else {
        return kind
            .default(&host)
            .ok_or(OpenError::None { kind: kind.word() });
    };
    let devices: Vec<Device> = host
        .devices()
        .map_err(|error| kind.refused(wanted, &error))?
        .filter(|device| kind.fits(device))
        .collect();
    let found = devices
        .iter()
        .find(|device| name(device).as_deref() == Some(wanted))
        .or_else(|| devices.iter().find(|device| device.to_string() == wanted));
    if let Some(device) = found {
        return Ok(device.clone());
    }
    let known: Vec<String> = devices
        .iter()
        .filter_map(name)
        .filter(|name| !is_monitor(name))
        .collect();
    if known.is_empty() {
        return Err(OpenError::None { kind: kind.word() });
    }
    Err(OpenError::Unknown {
        kind: kind.word(),
        name: wanted.to_owned(),
        known: known.join(", "),
    })
}
