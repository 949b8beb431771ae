//! The Carillon softphone: a window, and headless for scripts.
