//! Files of a folder: which file a path names, and which part of it a browser receives.
//!
//! A file is opened below the folder with `cap-std`, so that no link leads out of it. The headers
//! of a request choose the form of the file, a part of it, or none of it.

pub(crate) mod coding;
pub(crate) mod condition;
pub(crate) mod file_path;
pub(crate) mod folder;
mod media_type;
pub(crate) mod range;
pub(crate) mod validator;
