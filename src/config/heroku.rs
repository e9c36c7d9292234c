//! Detection of Heroku.

use super::environment::Environment;

/// Whether the program runs on Heroku. Heroku sets `DYNO` in each of its containers.
pub fn is_heroku(environment: &Environment) -> bool {
    environment.get("DYNO").is_some()
}
