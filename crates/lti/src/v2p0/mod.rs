//! The part of LTI 2.0 that is in use today: edX's Result service, which accepts a comment with a
//! score.

pub mod result;
