//! The fetch machine of consumers.
