//! End-to-end tests: the real binaries, real sockets, other people's phones.

mod calls;
