//! Heroku, as the environment shows it.

use super::environment::Environment;

/// Whether the program runs on Heroku, which sets `DYNO` in each of its containers.
pub fn is_heroku(environment: &Environment) -> bool {
    environment.contains_key("DYNO")
}
