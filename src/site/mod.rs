//! Files of a folder: which file a path names, and which part of the file a browser receives.
//!
//! `cap-std` opens the file below the folder, so that no link leads out of the folder. The headers
//! of a request choose the coding of the file, a part of the file, or no content at all (304, 412).

pub(crate) mod coding;
pub(crate) mod condition;
pub(crate) mod file_path;
pub(crate) mod folder;
mod media_type;
pub(crate) mod range;
pub(crate) mod validator;
