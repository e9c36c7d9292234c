//! Tera templates: compiled at the start, rendered with each launch.

mod diagnosis;
mod page;

pub use page::{Page, RenderError, Templates};
