//! What the softphone knows and decides: registration and calls as data.
