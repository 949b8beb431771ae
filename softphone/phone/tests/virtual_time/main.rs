//! Phones and an exchange on a network in virtual time.

mod calling;
mod house;
mod losing_the_server;
