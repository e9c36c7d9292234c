//! The report of `explain`.

use std::fmt::Write as _;

use lti::admission::{Check, Examination};
use lti::v1p1::{Cause, SignatureDiagnosis, SignatureFindings, Variant};
use lti::{Rejection, Role};

use super::arrival::ArrivalTime;
use super::base_strings::comparison;
use super::redaction::Redaction;
use crate::cli::terminal::harmless_lines;
use crate::clock::rfc3339;
use crate::config::Tool;
use crate::grade::NoGradeToken;

/// The result of an examination, for the terminal.
pub(super) struct Report<'a> {
    pub(super) tool: &'a Tool,
    /// `clock_skew`, in seconds.
    pub(super) accepted_skew: u64,
    /// The URL that the signature is checked for, without its query.
    pub(super) url: String,
    pub(super) notes: &'a [String],
    /// Why the tool has no launch URL at this path.
    pub(super) no_tool: Option<&'a str>,
    pub(super) redaction: &'a Redaction,
    /// Whether the launch contains a secret.
    pub(super) holds_secret: bool,
    /// The current time, in seconds since the epoch, for the age of the launch.
    pub(super) now: u64,
    /// The time of the examination.
    pub(super) arrival: ArrivalTime,
    /// Why the capture may differ from the launch.
    pub(super) doubt: Option<&'static str>,
    /// Whether the report shows the base strings.
    pub(super) verbose: bool,
    pub(super) diagnosis: Option<SignatureDiagnosis>,
    /// Why an accepted launch receives no grade token, if the tool may send grades.
    pub(super) no_grade_token: Option<NoGradeToken>,
    /// The base string that the gateway computes.
    pub(super) base_string: Option<String>,
    /// The number of parameters in the URL.
    pub(super) query_params: usize,
    pub(super) examination: Examination<SignatureFindings>,
}

impl Report<'_> {
    pub(super) fn is_accepted(&self) -> bool {
        self.no_tool.is_none() && self.examination.rejection().is_none()
    }

    /// The report for the terminal, without any secret of the tools file.
    pub(super) fn text(&self) -> String {
        let rejection = self.examination.rejection();
        let mut text = format!("{}, sent to {}\n", self.tool.name, self.url);
        for note in self.notes {
            let _ = writeln!(text, "{note}");
        }
        text.push('\n');
        text.push_str(&self.conclusion(rejection));
        text.push('\n');
        for check in Check::V1P1 {
            let (mark, finding) = match rejection {
                Some(rejection) if rejection.check() == check => ("NO", self.fact(rejection)),
                Some(rejection) if rejection.check() < check => ("-", "not checked".to_owned()),
                _ if check == Check::Nonce => {
                    ("-", "not checked: only the running gateway detects a replay".to_owned())
                }
                _ if check == Check::Time && matches!(self.arrival, ArrivalTime::Unknown(_)) => {
                    ("-", self.finding(check))
                }
                _ => ("ok", self.finding(check)),
            };
            let _ = writeln!(text, "{:<12}{mark:<4}{finding}", check.name());
        }
        text.push_str(&self.base_strings());
        harmless_lines(&self.redaction.masked(text))
    }

    /// The finding of a passed check.
    fn finding(&self, check: Check) -> String {
        let examination = &self.examination;
        match check {
            Check::Form => {
                let of_query = match self.query_params {
                    0 => String::new(),
                    number => format!(", {number} of them in the URL"),
                };
                let number = examination.params().unwrap_or_default();
                let noun = if number == 1 { "parameter" } else { "parameters" };
                format!("{number} {noun}{of_query}")
            }
            Check::Oauth => {
                let method = examination.method().map_or("", |method| method.name());
                let signed = examination.timestamp().unwrap_or_default();
                format!("{method}, signed at {} ({})", rfc3339(signed), self.age(signed))
            }
            Check::Consumer => examination.claimed_sender().unwrap_or_default().to_owned(),
            Check::Signature => match examination.variant() {
                None | Some(Variant::Strict) => "it matches".to_owned(),
                Some(variant) => {
                    format!("it matches, with an accepted deviation: {}", variant.name())
                }
            },
            Check::Time => self
                .arrival
                .finding(examination.timestamp().unwrap_or_default(), self.accepted_skew),
            Check::Parameters if examination.asks_for_links() => {
                "an LTI 1.1 request for links".to_owned()
            }
            Check::Parameters => "an LTI 1.1 launch of a resource link".to_owned(),
            Check::Roles => {
                let roles: Vec<&str> = examination
                    .roles()
                    .iter()
                    .flat_map(|roles| roles.iter().map(Role::name))
                    .collect();
                if roles.is_empty() { "none in the course".to_owned() } else { roles.join(", ") }
            }
            // The checks of LTI 1.3, and the one that only the running gateway can do.
            _ => String::new(),
        }
    }

    /// The message of a rejection, unless it may quote a part of a secret.
    fn fact(&self, rejection: &Rejection) -> String {
        let quotes =
            !matches!(rejection, Rejection::BadSignature | Rejection::UnknownConsumer(None));
        if self.holds_secret && quotes {
            return "the message is hidden: the launch contains a secret".to_owned();
        }
        rejection.to_string()
    }

    fn conclusion(&self, rejection: Option<&Rejection>) -> String {
        let Some(rejection) = rejection else {
            return match self.no_tool {
                Some(why) => format!("Rejected: no-tool: {why}\n"),
                None => {
                    let accepted = "Accepted, if it arrives on time and for the first time.\n";
                    format!("{accepted}{}", self.without_grade())
                }
            };
        };
        let fact = self.fact(rejection);
        let verdict = format!("Rejected: {}: {fact}\n", rejection.code());
        let help = |advice: &str| format!("  = help: {advice}\n");
        match &self.diagnosis {
            Some(SignatureDiagnosis { cause, .. }) => {
                let quotes = matches!(cause, Cause::UnsignedParameter(_));
                let words =
                    if quotes && self.holds_secret { String::new() } else { format!(": {cause}") };
                format!("{verdict}\ncause: {}{words}\n{}", cause.code(), help(cause.advice()))
            }
            None if *rejection == Rejection::BadSignature => {
                format!("{verdict}\n{}", self.likely_causes())
            }
            None => {
                let signed = self.examination.timestamp().unwrap_or_default();
                let is_time = rejection.check() == Check::Time;
                let note = self.arrival.note(signed).filter(|_| is_time);
                let note = note.map(|note| format!("  = note: {note}\n")).unwrap_or_default();
                format!("{verdict}{}{note}", help(rejection.advice()))
            }
        }
    }

    /// Why the tool can send no grade for the launch.
    fn without_grade(&self) -> String {
        let Some(missing) = self.no_grade_token else { return String::new() };
        format!("\nno grade token: {missing}\n  = help: {}\n", missing.advice())
    }

    /// The causes of a wrong signature that no known mistake explains, the most likely first.
    fn likely_causes(&self) -> String {
        let mut causes = Vec::new();
        if let Some(doubt) = self.doubt {
            causes.push(("the capture", doubt.to_owned()));
        }
        causes.push((
            "the secret",
            "the platform has another secret than the tools file; copy it into the platform \
             again, without spaces and quotes, and to try an older one: --secret-env VARIABLE"
                .to_owned(),
        ));
        causes.push((
            "two mistakes at once",
            "for example the secret and the launch URL; copy both again: the launch URL is the \
             one shown at /, character for character"
                .to_owned(),
        ));
        causes.push((
            "a value that changed in transit",
            "a proxy, a script or a browser extension between the platform's page and the \
             gateway; capture the launch again in a private window"
                .to_owned(),
        ));
        let mut text = String::new();
        for (index, (name, fix)) in causes.iter().enumerate() {
            let _ = match index {
                0 => writeln!(text, "cause: most likely {name}: no known mistake explains it"),
                _ => writeln!(text, "  or, less likely, {name}"),
            };
            let _ = writeln!(text, "  = help: {fix}");
        }
        text
    }

    /// The base strings of both sides, as far as they are known and show no secret.
    fn base_strings(&self) -> String {
        let Some(compared) = &self.base_string else { return String::new() };
        if !self.verbose {
            return String::new();
        }
        // The key of `UnknownConsumer(None)` contains a secret, maybe too short for redaction.
        if self.holds_secret
            || self.examination.rejection() == Some(&Rejection::UnknownConsumer(None))
        {
            return "\nThe base strings are hidden: the launch contains a secret.\n".to_owned();
        }
        let signed = self.diagnosis.as_ref().and_then(|found| found.base_string.as_deref());
        comparison(compared, signed)
    }

    /// The distance of a timestamp from now.
    fn age(&self, time: u64) -> String {
        let seconds = self.now.abs_diff(time);
        let distance = match seconds {
            0..120 => format!("{seconds} s"),
            120..7_200 => format!("{} min", seconds / 60),
            7_200..172_800 => format!("{} h", seconds / 3_600),
            _ => format!("{} days", seconds / 86_400),
        };
        if time > self.now { format!("in {distance}") } else { format!("{distance} ago") }
    }
}
