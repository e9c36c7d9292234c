//! A tool's page: Tera templates, compiled at start and rendered with a launch.

mod diagnosis;
mod page;

pub use page::{Page, RenderError, Templates};
