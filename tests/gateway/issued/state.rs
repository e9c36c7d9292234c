//! Both SQLite files of the older version.

use lti::{Nonce, Spent};
use lti_gateway::state::{Bounds, Directory, Replay as _};

use super::{copied_state, entries};
use crate::support::NOW;

const NONCES: usize = 6;

fn wait<T>(what: impl Future<Output = T>) -> T {
    let runtime = rocket::tokio::runtime::Builder::new_current_thread().enable_time().build();
    runtime.expect("a runtime").block_on(what)
}

/// A nonce whose last second is over is refused as well: the file knows that it forgot some of them.
#[test]
fn a_nonce_that_the_older_version_spent_is_not_spent_again() {
    let folder = copied_state();
    let Directory { replay, outbox: _outbox } =
        Directory::open(folder.path(), NOW, Bounds::default()).expect("opened");
    let spend = |consumer: u64, timestamp: u64, text: &str, until: u64| {
        let consumer = [u8::try_from(consumer).expect("a byte"); 16];
        wait(replay.spend(&Nonce::new(consumer, timestamp, text, until), NOW))
    };
    for nonce in entries("nonces.json", NONCES) {
        let number = |name: &str| nonce[name].as_u64().expect("a number");
        let [consumer, timestamp, until] =
            ["consumer", "timestamp", "acceptable_until"].map(number);
        let text = nonce["nonce"].as_str().expect("text");
        let expected = if until >= NOW { Spent::Before } else { Spent::Unknown };
        assert_eq!(spend(consumer, timestamp, text, until), expected, "{nonce}");
        assert_eq!(spend(consumer + 10, NOW, text, NOW + 300), Spent::Now, "{nonce}");
    }
}
