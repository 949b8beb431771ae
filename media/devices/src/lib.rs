//! Microphones and speakers, and their fakes: tone, loopback, WAV files.
