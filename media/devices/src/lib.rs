//! Microphones and speakers, and their fakes: tone, loopback, WAV files.
//!
//! Every device, real or not, speaks 48 kHz mono in 20 ms frames and keeps its own pace. Open a
//! [`Microphone`] with [`open_input`] and a [`Speaker`] with [`open_output`]; one thread then reads
//! frames while there are any, and writes frames while the speaker wants some. The `wake` given at
//! opening is called whenever there may be something to do, often from the thread that the sound
//! system calls us on: it must neither block nor allocate. [`std::thread::Thread::unpark`] is made
//! for that.
//!
//! | input name | is |
//! |---|---|
//! | `device`, `default` or nothing | the microphone chosen in the system |
//! | `device:NAME` | the microphone of that name, see [`list`] |
//! | `tone` | a steady sine of 440 Hz |
//! | `silence` | nothing, at the right pace |
//! | anything else | a WAV file, spoken once in real time, silence afterwards |
//!
//! | output name | is |
//! |---|---|
//! | `device`, `default` or nothing | the speaker chosen in the system |
//! | `device:NAME` | the speaker of that name |
//! | `null` | takes frames at the right pace and forgets them |
//! | anything else | a WAV file that records what would be heard |
//!
//! ```
//! let mut microphone = devices::open_input("tone", || {}).unwrap();
//! let mut speaker = devices::open_output("null", || {}).unwrap();
//! let deadline = std::time::Instant::now() + std::time::Duration::from_secs(5);
//! let mut frames = 0;
//! while frames < 3 && std::time::Instant::now() < deadline {
//!     while let Some(frame) = microphone.read() {
//!         frames += 1;
//!         if speaker.wants_frame() {
//!             speaker.write(&frame);
//!         }
//!     }
//!     std::thread::park_timeout(std::time::Duration::from_millis(5));
//! }
//! assert_eq!(frames, 3);
//! ```
//!
//! **Time.** `started` is when the first sample was captured or played. A recording played by one
//! WAV microphone and one made by a WAV speaker can so be laid on one time line.
//!
//! **Layers.** `microphone` and `speaker` are what is seen; behind them lies a ring, filled or
//! emptied by a real device (`system`, on cpal) or a thread that keeps the pace (`fakes`).

mod event;
mod fakes;
mod microphone;
mod names;
mod rate;
mod speaker;
mod system;

use std::sync::Arc;

pub use event::{Event, ListError, OpenError, Started};
pub use fakes::loopback;
pub use microphone::Microphone;
pub use speaker::Speaker;
pub use system::{Listed, list};

use names::{InputName, OutputName};

/// Called when there may be frames to read or to write; see the crate's manual.
type Wake = Arc<dyn Fn() + Send + Sync>;

/// Opens a source of sound by its name; the names are in the crate's manual.
///
/// # Errors
/// Unknown device or unreadable file, in a sentence for the user.
pub fn open_input(
    name: &str,
    wake: impl Fn() + Send + Sync + 'static,
) -> Result<Microphone, OpenError> {
    let wake: Wake = Arc::new(wake);
    match InputName::parse(name) {
        InputName::Device(name) => system::open_microphone(name, wake),
        InputName::Tone => Ok(fakes::tone(wake)),
        InputName::Silence => Ok(fakes::silence(wake)),
        InputName::Recording(path) => fakes::play_recording(path, wake),
    }
}

/// Opens a sink of sound by its name; the names are in the crate's manual.
///
/// # Errors
/// Unknown device or unwritable file, in a sentence for the user.
pub fn open_output(
    name: &str,
    wake: impl Fn() + Send + Sync + 'static,
) -> Result<Speaker, OpenError> {
    let wake: Wake = Arc::new(wake);
    match OutputName::parse(name) {
        OutputName::Device(name) => system::open_speaker(name, wake),
        OutputName::Null => Ok(fakes::null(wake)),
        OutputName::Recording(path) => fakes::record(path, wake),
    }
}
