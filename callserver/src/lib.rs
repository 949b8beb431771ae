//! The Carillon call server and its admin tool callctl.
