//! Lists in the responses of a platform's services. A tree of all their values can take 80 times
//! the memory of its text.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer as _, SeqAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Deserializer, Result};

/// Reads a JSON list, one item at a time.
///
/// # Errors
/// The error for text that is not a list of such items.
pub(super) fn each_item<'a, T: Deserialize<'a>>(list: &'a [u8], each: impl FnMut(T)) -> Result<()> {
    let mut deserializer = Deserializer::from_slice(list);
    deserializer.deserialize_seq(ItemVisitor(each, PhantomData))?;
    deserializer.end()
}

/// The string in a value. `None` for another type.
pub(super) fn string(value: Option<&RawValue>) -> Option<String> {
    serde_json::from_str(value?.get()).ok()
}

struct ItemVisitor<T, F>(F, PhantomData<T>);

impl<'a, T: Deserialize<'a>, F: FnMut(T)> Visitor<'a> for ItemVisitor<T, F> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'a>>(mut self, mut items: A) -> std::result::Result<(), A::Error> {
        while let Some(item) = items.next_element()? {
            (self.0)(item);
        }
        Ok(())
    }
}
