//! Grade tokens at the limits of the clock, and when it jumps.

use super::token::is_invalid;
use super::*;

const WEEK: u64 = 7 * 86_400;

#[test]
fn a_grade_token_has_its_lifetime_at_every_limit_of_the_clock() {
    for now in [0, 1, (1 << 31) - 1, 1 << 31, 1 << 32, 999_999_999_999] {
        let stage = Stage::new(success());
        stage.server.set_now(now);
        let url = stage.outcome_url();
        let form = Form { timestamp: now, ..launch(&url) };
        let token = stage.token_of(&form).expect("a grade token");
        for at in [now, now + WEEK, now / 2, 0] {
            stage.server.set_now(at);
            stage.deliver(&token, "1");
            stage.platform.request();
        }
        for at in [now + WEEK + 1, u64::MAX / 1000, u64::MAX] {
            stage.server.set_now(at);
            is_invalid(&stage, &stage.server, &token);
        }
    }
}
