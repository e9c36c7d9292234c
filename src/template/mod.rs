//! Tera templates: compiled at the start, rendered with each launch.

mod diagnosis;
mod page;
mod usage;

pub use page::{Page, RenderError, Templates};
