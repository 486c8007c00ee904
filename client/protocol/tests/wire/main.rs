//! The wire format held against slow and obvious code, against the generated codec, and against
//! damage.

#![expect(clippy::unwrap_used, reason = "a test that finds nothing there has failed")]

mod cases;
mod codecs;
mod damage;
mod produce;
mod reference;
mod round_trip;
mod split;
