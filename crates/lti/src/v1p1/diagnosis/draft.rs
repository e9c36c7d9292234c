//! A base string in the making.

use std::cmp::Ordering;

use crate::oauth1::Param;
use crate::oauth1::encode::{compare_encoded, encode, encode_into};

/// Address and parameters, ready to be put together as RFC 5849 asks, also for another address, with some of the parameters left
/// out, some more, or other values. What stays as it is is copied and not encoded again.
#[derive(Clone)]
pub(super) struct Draft<'a> {
    /// What stands before the parameters.
    head: String,
    /// Sorted.
    segments: Vec<Segment<'a>>,
}

/// One parameter of a base string.
#[derive(Clone)]
struct Segment<'a> {
    param: Param<'a>,
    /// As it stands in the base string.
    text: String,
}

impl<'a> Segment<'a> {
    fn new(param: Param<'a>) -> Self {
        let mut text = String::with_capacity(2 * (param.name.len() + param.value.len()));
        encode_into(&encode(param.name), &mut text);
        text.push_str("%3D");
        encode_into(&encode(param.value), &mut text);
        Self { param, text }
    }

    fn order(&self, other: &Segment<'_>) -> Ordering {
        compare_encoded(self.param.name, other.param.name)
            .then_with(|| compare_encoded(self.param.value, other.param.value))
    }
}

impl<'a> Draft<'a> {
    pub(super) fn new(uri: &str, params: impl Iterator<Item = Param<'a>>) -> Self {
        let mut segments: Vec<Segment<'a>> = params.map(Segment::new).collect();
        segments.sort_unstable_by(Segment::order);
        Self { head: head(uri), segments }
    }

    /// The base string over all parameters.
    pub(super) fn base_string(&self) -> String {
        joined(&self.head, self.segments.iter())
    }

    /// The same for another address.
    pub(super) fn at(&self, uri: &str) -> String {
        joined(&head(uri), self.segments.iter())
    }

    /// The base string but for some of the parameters, each of which has a place.
    pub(super) fn without(&self, dropped: impl Fn(usize, Param<'a>) -> bool) -> String {
        let kept =
            self.segments.iter().enumerate().filter(|(place, one)| !dropped(*place, one.param));
        joined(&self.head, kept.map(|(_, segment)| segment))
    }

    /// The base string with some parameters more.
    pub(super) fn with(&self, more: &[Param<'_>]) -> String {
        let more: Vec<Segment<'_>> = more.iter().copied().map(Segment::new).collect();
        let mut segments: Vec<&Segment<'_>> = self.segments.iter().chain(&more).collect();
        segments.sort_by(|a, b| a.order(b));
        joined(&self.head, segments.into_iter())
    }

    /// The base string over other values; `None` where all stay as they are.
    pub(super) fn rewritten(
        &self,
        rewrite: impl Fn(Param<'a>) -> Option<String>,
    ) -> Option<String> {
        let values: Vec<Option<String>> =
            self.segments.iter().map(|segment| rewrite(segment.param)).collect();
        if values.iter().all(Option::is_none) {
            return None;
        }
        let changed = self.segments.iter().zip(&values).filter_map(|(segment, value)| {
            let value = value.as_deref()?;
            Some(Segment::new(Param { value, ..segment.param }))
        });
        let changed: Vec<Segment<'_>> = changed.collect();
        let kept = self.segments.iter().zip(&values).filter(|(_, value)| value.is_none());
        let mut segments: Vec<&Segment<'_>> =
            kept.map(|(segment, _)| segment).chain(&changed).collect();
        segments.sort_by(|a, b| a.order(b));
        Some(joined(&self.head, segments.into_iter()))
    }

    /// The parameters, in the order of their places.
    pub(super) fn params(&self) -> impl Iterator<Item = Param<'a>> {
        self.segments.iter().map(|segment| segment.param)
    }
}

fn head(uri: &str) -> String {
    format!("POST&{}&", encode(uri))
}

fn joined<'s, 'a: 's>(
    head: &str,
    segments: impl Iterator<Item = &'s Segment<'a>> + Clone,
) -> String {
    let room: usize = segments.clone().map(|segment| segment.text.len() + 3).sum();
    let mut base = String::with_capacity(head.len() + room);
    base.push_str(head);
    for (index, segment) in segments.enumerate() {
        if index > 0 {
            base.push_str("%26");
        }
        base.push_str(&segment.text);
    }
    base
}
