//! LTI 2.0, as far as platforms of today speak it: edX's Result service, which takes a comment with a score.

pub mod result;
