//! The window, driven through its accessible names over a rehearsed engine: what a screen reader finds is what works.

mod calls;
mod dialling;
mod sign_in;
mod stage;
mod whole;
