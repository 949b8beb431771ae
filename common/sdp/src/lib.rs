//! Session descriptions and offer/answer for audio calls.
