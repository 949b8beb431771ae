//! The wire types of the HTTP interface, shared by server and softphone.
