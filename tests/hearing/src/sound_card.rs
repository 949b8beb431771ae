//! A sound card without hardware: a private PulseAudio server with null sinks.
