//! The window, driven through its accessible names over a rehearsed engine: what a screen reader finds is what works.

mod account;
mod calls;
mod chats;
mod dialling;
mod files;
mod people;
mod sign_in;
mod stage;
mod voicemail;
mod whole;
