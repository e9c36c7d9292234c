//! The report of `explain` about a launch by LTI 1.3. It shows no personal value of the token.

use std::fmt::Write as _;

use lti::admission::{Check, Examination};
use lti::v1p3::{ClaimNote, TokenFindings, UnverifiedToken};
use lti::{Rejection, Role, Roles};

use super::arrival::ArrivalTime;
use super::case::Case;
use crate::cli::terminal::harmless_lines;
use crate::clock::rfc3339;

/// The checks in the order of the report.
const CHECKS: [Check; 15] = [
    Check::Form,
    Check::State,
    Check::Platform,
    Check::Browser,
    Check::Token,
    Check::Algorithm,
    Check::Key,
    Check::Signature,
    Check::Issuer,
    Check::Audience,
    Check::Time,
    Check::Login,
    Check::Parameters,
    Check::Roles,
    Check::Nonce,
];

/// The state of a capture.
pub(super) enum StateUse {
    /// It opened, and is valid until this time.
    Opened(u64),
    /// The capture is only a token.
    Missing,
    /// The form has none, or none of ours.
    Unusable,
}

/// The result of the examination.
pub(super) enum TokenOutcome {
    /// A check before the keys failed.
    Early(Rejection),
    /// With the platform's keys.
    Verified(Box<Examination<TokenFindings>>),
    /// Without them.
    Unverified(Box<UnverifiedToken>),
}

/// The result of an examination, for the terminal.
pub(super) struct TokenReport<'c> {
    pub(super) case: &'c Case,
    /// The number of fields of the form.
    pub(super) fields: usize,
    /// Platform and client, if they are known.
    pub(super) platform: Option<String>,
    pub(super) state: StateUse,
    /// The time of the examination.
    pub(super) arrival: ArrivalTime,
    pub(super) outcome: TokenOutcome,
}

impl TokenReport<'_> {
    pub(super) fn is_rejected(&self) -> bool {
        self.rejection().is_some() || self.case.expected.no_tool.is_some()
    }

    /// Whether the signature was not checked, and nothing else is wrong.
    pub(super) fn is_undecided(&self) -> bool {
        matches!(self.outcome, TokenOutcome::Unverified(_)) && !self.is_rejected()
    }

    fn rejection(&self) -> Option<&Rejection> {
        match &self.outcome {
            TokenOutcome::Early(rejection) => Some(rejection),
            TokenOutcome::Verified(examination) => examination.rejection(),
            TokenOutcome::Unverified(token) => token.rejection(),
        }
    }

    /// The report for the terminal.
    pub(super) fn text(&self) -> String {
        let expected = &self.case.expected;
        let mut text = format!(
            "{}, sent to {}://{}{}\n",
            self.case.tool.name, expected.scheme, expected.authority, expected.path
        );
        for note in &expected.notes {
            let _ = writeln!(text, "{note}");
        }
        text.push('\n');
        text.push_str(&self.conclusion());
        text.push('\n');
        let failed = self.rejection().map(position);
        for (at, check) in CHECKS.into_iter().enumerate() {
            let (mark, finding) = match failed {
                Some(failed) if failed < at => ("-", "not checked".to_owned()),
                Some(failed) if failed == at => {
                    ("NO", self.rejection().map(Rejection::to_string).unwrap_or_default())
                }
                _ => match self.unchecked(check) {
                    Some(why) => ("-", why.to_owned()),
                    None => ("ok", self.finding(check)),
                },
            };
            let _ = writeln!(text, "{:<12}{mark:<4}{finding}", check.name());
        }
        for note in self.notes() {
            let _ = writeln!(text, "note: {note}");
        }
        if let TokenOutcome::Verified(examination) = &self.outcome {
            let _ = match examination.migration() {
                Some(Ok(proof)) => writeln!(text, "note: the user keeps their id: {proof}"),
                Some(Err(why)) => writeln!(text, "note: the user has a new id: {why}"),
                None => Ok(()),
            };
        }
        harmless_lines(&self.case.redaction.masked(text))
    }

    fn conclusion(&self) -> String {
        let Some(rejection) = self.rejection() else {
            return match (&self.case.expected.no_tool, &self.outcome) {
                (Some(why), _) => format!("Rejected: no-tool: {why}\n"),
                (None, TokenOutcome::Unverified(_)) => {
                    "Not decided: the signature was not checked. Every other check passed.\n  \
                     = help: give the platform's keyset: --keys FILE, or fetch it: --ask\n"
                        .to_owned()
                }
                (None, _) => "Accepted, if it arrives on time, for the first time, and from the \
                              browser of its login.\n"
                    .to_owned(),
            };
        };
        let (code, advice) = (rejection.code(), rejection.advice());
        let note = match self.issued().filter(|_| rejection.check() == Check::Time) {
            Some(issued) => self.arrival.note(issued),
            None => None,
        };
        let note = note.map(|note| format!("  = note: {note}\n")).unwrap_or_default();
        format!("Rejected: {code}: {rejection}\n  = help: {advice}\n{note}")
    }

    /// Why a check is not part of the examination.
    fn unchecked(&self, check: Check) -> Option<&'static str> {
        let is_missing = matches!(self.state, StateUse::Missing);
        match check {
            Check::State if is_missing => Some("not checked: a token without its form has none"),
            Check::Login if is_missing => Some("not checked: only the state has the nonce"),
            Check::Platform if self.platform.is_none() => Some("not checked"),
            Check::Browser => Some("not checked: only the running gateway sees the cookie"),
            Check::Key | Check::Signature
                if matches!(self.outcome, TokenOutcome::Unverified(_)) =>
            {
                Some("not checked: the command has no keys of the platform")
            }
            Check::Nonce => Some("not checked: only the running gateway detects a replay"),
            _ => None,
        }
    }

    /// The finding of a passed check.
    fn finding(&self, check: Check) -> String {
        let of_token = |verified: &dyn Fn(&Examination<TokenFindings>) -> String,
                        unverified: &dyn Fn(&UnverifiedToken) -> String| {
            match &self.outcome {
                TokenOutcome::Early(_) => String::new(),
                TokenOutcome::Verified(examination) => verified(examination),
                TokenOutcome::Unverified(token) => unverified(token),
            }
        };
        match check {
            Check::Form if self.case.capture.is_bare_token => "a token without its form".to_owned(),
            Check::Form => {
                let noun = if self.fields == 1 { "field" } else { "fields" };
                format!("{} {noun}", self.fields)
            }
            Check::State => match self.state {
                StateUse::Opened(expires) => {
                    format!("of this tool, valid until {}", rfc3339(expires))
                }
                StateUse::Missing | StateUse::Unusable => String::new(),
            },
            Check::Platform => self.platform.clone().unwrap_or_default(),
            Check::Token => match self.issued() {
                Some(issued) => format!("a compact JWS, issued at {}", rfc3339(issued)),
                None => "a compact JWS".to_owned(),
            },
            Check::Algorithm => of_token(&|one| one.algorithm().name().to_owned(), &|one| {
                one.algorithm().name().to_owned()
            }),
            Check::Key => of_token(&|one| one.key_id().to_owned(), &|_| String::new()),
            Check::Signature => "it matches".to_owned(),
            Check::Issuer | Check::Audience => "as configured".to_owned(),
            Check::Time => {
                self.arrival.finding(self.issued().unwrap_or_default(), self.case.policy.clock_skew)
            }
            Check::Login => "the nonce is that of the state".to_owned(),
            Check::Parameters => {
                of_token(&|one| message(one.asks_for_links()), &|one| message(one.asks_for_links()))
            }
            Check::Roles => of_token(&|one| roles(one.roles()), &|one| roles(one.roles())),
            _ => String::new(),
        }
    }

    /// The time at which the token was issued.
    fn issued(&self) -> Option<u64> {
        match &self.outcome {
            TokenOutcome::Early(_) => None,
            TokenOutcome::Verified(examination) => examination.timestamp(),
            TokenOutcome::Unverified(token) => token.timestamp(),
        }
    }

    fn notes(&self) -> &[ClaimNote] {
        match &self.outcome {
            TokenOutcome::Early(_) => &[],
            TokenOutcome::Verified(examination) => examination.notes(),
            TokenOutcome::Unverified(token) => token.notes(),
        }
    }
}

/// The number of the failed check. A check of the form that has no line counts as the form.
fn position(rejection: &Rejection) -> usize {
    let failed = match rejection {
        Rejection::NoState => Check::State,
        other => other.check(),
    };
    CHECKS.iter().position(|check| *check == failed).unwrap_or_default()
}

/// The kind of an examined message.
fn message(asks_for_links: bool) -> String {
    match asks_for_links {
        true => "an LTI 1.3 request for links".to_owned(),
        false => "an LTI 1.3 launch of a resource link".to_owned(),
    }
}

/// The names of roles.
fn roles(roles: Option<Roles>) -> String {
    let names: Vec<&str> = roles.iter().flat_map(|roles| roles.iter().map(Role::name)).collect();
    if names.is_empty() { "none in the course".to_owned() } else { names.join(", ") }
}
