//! End-to-end tests with real binaries and other people's phones, and the demonstration.
