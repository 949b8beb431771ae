//! How like the spoken recording the heard one is, and how late it came.
