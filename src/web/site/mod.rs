//! Sites: the response to a request for a file in a folder.

mod answer;
mod file_body;

pub(super) use answer::answer;
