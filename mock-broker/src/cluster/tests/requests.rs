//! What clients are answered.
