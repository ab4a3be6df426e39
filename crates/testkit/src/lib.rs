//! Fakes with memory and the test worlds built on them.
