//! A seeded bad network in virtual time, for testing protocol state machines.
