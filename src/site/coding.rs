//! The content codings of the compressed files beside a file.

use hyper::header::{ACCEPT_ENCODING, HeaderMap};

/// A content coding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Coding {
    /// Brotli: `page.html.br`.
    Brotli,
    /// Gzip: `page.html.gz`.
    Gzip,
}

impl Coding {
    /// All codings, the one with the smallest files first.
    const ALL: [Self; 2] = [Self::Brotli, Self::Gzip];

    /// Its name in headers.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Brotli => "br",
            Self::Gzip => "gzip",
        }
    }

    /// The suffix of files with this coding.
    pub(super) fn suffix(self) -> &'static str {
        match self {
            Self::Brotli => ".br",
            Self::Gzip => ".gz",
        }
    }

    /// The codings that a request accepts, the best one first (RFC 9110 §12.5.3).
    pub(crate) fn accepted(headers: &HeaderMap) -> Vec<Self> {
        let values = headers.get_all(ACCEPT_ENCODING).iter();
        let values: Vec<&str> = values.filter_map(|value| value.to_str().ok()).collect();
        let weight = |coding: Self| {
            let elements = || values.iter().flat_map(|value| value.split(',')).map(element);
            let named = |wanted: &str| {
                elements().find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, q)| q)
            };
            named(coding.name()).or_else(|| named("*")).unwrap_or(0)
        };
        let mut accepted: Vec<Self> =
            Self::ALL.into_iter().filter(|one| weight(*one) > 0).collect();
        // The sort is stable.
        accepted.sort_by_key(|coding| std::cmp::Reverse(weight(*coding)));
        accepted
    }
}

/// The coding of a list element, and its weight in thousandths. An invalid weight is 0.
fn element(element: &str) -> (&str, u16) {
    let (name, parameter) = element.split_once(';').unzip();
    let weight = match parameter.map(|parameter| parameter.trim().split_once('=')) {
        None => 1000,
        Some(Some((name, value))) if name.trim().eq_ignore_ascii_case("q") => thousandths(value),
        Some(_) => 0,
    };
    (name.unwrap_or(element).trim(), weight)
}

/// A weight (RFC 9110 §12.4.2), in thousandths.
fn thousandths(value: &str) -> u16 {
    let (whole, fraction) = value.trim().split_once('.').unwrap_or((value.trim(), ""));
    let is_valid = fraction.len() <= 3 && fraction.bytes().all(|byte| byte.is_ascii_digit());
    match whole {
        "1" if is_valid => 1000,
        "0" if is_valid => format!("{fraction:0<3}").parse().unwrap_or(0),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;

    use super::*;

    #[test]
    fn the_browser_chooses_the_coding() {
        use Coding::{Brotli, Gzip};
        let check = |values: &[&'static str], expected: &[Coding]| {
            let headers = values.iter();
            let headers: HeaderMap =
                headers.map(|one| (ACCEPT_ENCODING, HeaderValue::from_static(one))).collect();
            assert_eq!(Coding::accepted(&headers), expected, "{values:?}");
        };
        check(&[], &[]);
        check(&[""], &[]);
        check(&["identity"], &[]);
        check(&["gzip, deflate, br, zstd"], &[Brotli, Gzip]);
        check(&["gzip", "br"], &[Brotli, Gzip]);
        check(&["GZIP;q=1, br ; q=0.999"], &[Gzip, Brotli]);
        check(&["gzip, br;q=0"], &[Gzip]);
        check(&["gzip, br;q=0.000"], &[Gzip]);
        check(&["*"], &[Brotli, Gzip]);
        check(&["*;q=0.5, br;q=0"], &[Gzip]);
        check(&["identity;q=1, *;q=0"], &[]);
        check(&["gzip;q=2, br;q=x"], &[]);
        check(&["gzip;q=0.0001, br;level=1"], &[]);
        check(&["x-gzip, gzipped"], &[]);
    }
}
