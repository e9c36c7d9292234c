use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use rocket::{State, get};
use serde::Serialize;

use crate::clock::instant;
use crate::web::Gateway;
use crate::web::page::{self, Html};
use crate::web::refusal::Refusal;

/// How many are remembered.
const NEWEST: usize = 100;
/// The most parameters of one that are remembered, and the most characters of a name.
const MOST: usize = 100;
/// The most characters of a base string: one of twenty-five parameters has some thousand.
const LONGEST: usize = 8 * 1024;

/// A refused launch, as far as it tells nothing of a person.
#[derive(Clone, Serialize)]
pub(in crate::web) struct Refused {
    /// What leads from the page that was shown to here.
    pub(in crate::web) reference: String,
    /// When, in seconds since the epoch.
    pub(in crate::web) at: u64,
    pub(in crate::web) tool: String,
    /// The consumer's key, fit for a log.
    pub(in crate::web) consumer: Option<String>,
    pub(in crate::web) code: &'static str,
    pub(in crate::web) reason: String,
    /// Why the signature does not match, by its code and in words, where that was found.
    pub(in crate::web) cause: Option<(&'static str, String)>,
    pub(in crate::web) help: &'static str,
    /// The address that the signature was compared for.
    pub(in crate::web) url: String,
    /// Names of parameters and the lengths of their values in bytes, in the order sent.
    pub(in crate::web) params: Vec<(String, usize)>,
    /// The base string that the signature was compared for, without values.
    pub(in crate::web) compared: Option<String>,
}

/// The newest refusals of this process.
#[derive(Default)]
pub(in crate::web) struct Refusals(Mutex<VecDeque<Refused>>);

impl Refusals {
    /// Remembers one, and forgets the oldest of too many.
    pub(in crate::web) fn remember(&self, mut refused: Refused) {
        refused.params.truncate(MOST);
        for (name, _) in &mut refused.params {
            // A form that was encoded twice has values in its names.
            if name.contains(['=', '&', '%']) {
                "(a name that may hold values)".clone_into(name);
            }
            if let Some((at, _)) = name.char_indices().nth(MOST) {
                name.truncate(at);
            }
        }
        // It is ASCII, and each character one byte.
        refused.compared = refused.compared.filter(|base| base.len() <= LONGEST);
        let mut newest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        newest.truncate(NEWEST - 1);
        newest.push_front(refused);
    }

    fn newest(&self) -> Vec<Refused> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}

#[derive(Serialize)]
struct RefusalsContext {
    refusals: Vec<RefusedContext>,
}

#[derive(Serialize)]
struct RefusedContext {
    time: String,
    #[serde(flatten)]
    refused: Refused,
}

/// Lists them.
#[get("/dev/refusals")]
pub(super) fn refusals(gateway: &State<Gateway>) -> Result<Html, Refusal> {
    let newest = gateway.refusals.as_ref().map(Refusals::newest).unwrap_or_default();
    let refusals =
        newest.into_iter().map(|refused| RefusedContext { time: instant(refused.at), refused });
    let context = RefusalsContext { refusals: refusals.collect() };
    page::render("dev_refusals.html.tera", &context).map(Html::unframed).ok_or(Refusal::PageFailed)
}
