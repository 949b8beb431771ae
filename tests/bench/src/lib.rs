//! System benchmarks: processor time of the real server per unit of work.
