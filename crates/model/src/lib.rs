//! What things are and what they mean: the pure part of cc-ci.
