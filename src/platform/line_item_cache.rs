use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use reqwest::Url;
use tokio::sync::Mutex as AsyncMutex;

/// The most line items in memory. A further one clears the memory.
const MOST_LINE_ITEMS: usize = 10_000;

/// The line items that the gateway found or created, and the turns of those who search.
#[derive(Clone, Default)]
pub(super) struct LineItems(Arc<Mutex<LineItemsState>>);

#[derive(Default)]
struct LineItemsState {
    /// The URLs by the URL of the course's line items and the gateway's id.
    urls: HashMap<(String, String), Url>,
    /// For each URL of a course's line items, only the holder searches and creates.
    turns: HashMap<String, Arc<AsyncMutex<()>>>,
}

impl LineItems {
    pub(super) fn get(&self, lineitems: &str, id: &str) -> Option<Url> {
        let state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.urls.get(&(lineitems.to_owned(), id.to_owned())).cloned()
    }

    pub(super) fn insert(&self, lineitems: &str, id: &str, url: &Url) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if state.urls.len() >= MOST_LINE_ITEMS {
            state.urls.clear();
            // A turn that is waited for has other owners, and stays.
            state.turns.retain(|_, turn| Arc::strong_count(turn) > 1);
        }
        state.urls.insert((lineitems.to_owned(), id.to_owned()), url.clone());
    }

    pub(super) fn remove(&self, lineitems: &str, id: &str) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.urls.remove(&(lineitems.to_owned(), id.to_owned()));
    }

    pub(super) fn turn(&self, lineitems: &str) -> Arc<AsyncMutex<()>> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(state.turns.entry(lineitems.to_owned()).or_default())
    }
}
