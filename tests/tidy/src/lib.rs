//! The layout rules of the house, as a test.
