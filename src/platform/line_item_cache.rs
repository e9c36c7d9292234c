use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use lti::{ClientId, PlatformName};
use reqwest::Url;
use tokio::sync::Mutex as AsyncMutex;

use super::service_client::ServiceClient;

/// The most line items in memory. A further one clears the memory.
const MOST_LINE_ITEMS: usize = 10_000;

/// The line items that the gateway found or created, and the turns of those who search.
#[derive(Clone, Default)]
pub(super) struct LineItems(Arc<Mutex<LineItemsState>>);

#[derive(Default)]
struct LineItemsState {
    /// The URLs by the course's line items and the gateway's id.
    urls: HashMap<(Container, String), Url>,
    /// For each course's line items, only the holder searches and creates.
    turns: HashMap<Container, Arc<AsyncMutex<()>>>,
}

/// The line items of a course, as one client of a platform sees them. Another platform of the file
/// can name the same URL, and must not let these wait.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Container {
    platform: PlatformName,
    client: ClientId,
    url: String,
}

impl Container {
    pub(super) fn new(client: &ServiceClient, url: &str) -> Self {
        let (platform, client) = (client.platform.clone(), client.client.id.clone());
        Self { platform, client, url: url.to_owned() }
    }
}

impl LineItems {
    pub(super) fn get(&self, container: &Container, id: &str) -> Option<Url> {
        let state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.urls.get(&(container.clone(), id.to_owned())).cloned()
    }

    pub(super) fn insert(&self, container: &Container, id: &str, url: &Url) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if state.urls.len() >= MOST_LINE_ITEMS {
            state.urls.clear();
        }
        state.urls.insert((container.clone(), id.to_owned()), url.clone());
    }

    pub(super) fn remove(&self, container: &Container, id: &str) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.urls.remove(&(container.clone(), id.to_owned()));
    }

    pub(super) fn turn(&self, container: &Container) -> Arc<AsyncMutex<()>> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if state.turns.len() >= MOST_LINE_ITEMS {
            // A turn that is waited for has other owners, and stays.
            state.turns.retain(|_, turn| Arc::strong_count(turn) > 1);
        }
        Arc::clone(state.turns.entry(container.clone()).or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_platforms_that_name_one_url_share_neither_turn_nor_line_item() {
        let of = |platform: &str, client: &str| Container {
            platform: platform.into(),
            client: client.into(),
            url: "https://lms.example/lineitems".to_owned(),
        };
        let (items, one) = (LineItems::default(), of("one", "client"));
        let url = Url::parse("https://lms.example/lineitems/7").expect("a URL");
        items.insert(&one, "id", &url);
        let turn = items.turn(&one);
        assert!(Arc::ptr_eq(&turn, &items.turn(&of("one", "client"))));
        assert_eq!(items.get(&of("one", "client"), "id"), Some(url));
        for other in [of("two", "client"), of("one", "other")] {
            assert_eq!(items.get(&other, "id"), None);
            assert!(!Arc::ptr_eq(&turn, &items.turn(&other)));
        }
    }

    #[test]
    fn turns_that_nobody_waits_for_do_not_add_up() {
        let items = LineItems::default();
        let of = |at: usize| Container {
            platform: "one".into(),
            client: "client".into(),
            url: format!("https://lms.example/{at}"),
        };
        let first = items.turn(&of(0));
        for at in 1..2 * MOST_LINE_ITEMS {
            items.turn(&of(at));
        }
        assert!(Arc::ptr_eq(&first, &items.turn(&of(0))));
        let kept = items.0.lock().unwrap_or_else(PoisonError::into_inner).turns.len();
        assert!(kept <= MOST_LINE_ITEMS, "{kept}");
    }
}
