//! Tera templates: compiled at the start, rendered with each launch.

mod construct;
mod diagnosis;
mod field_use;
mod fields;
mod page;
mod usage;

pub use page::{Page, RenderError, Templates};
