//! What was found out about a launch, as `explain` prints it.

use std::fmt::Write as _;

use lti::admission::{Check, Examination};
use lti::v1p1::{Cause, SignatureDiagnosis, SignatureFindings, Variant};
use lti::{Rejection, Role};

use super::redaction::Redaction;
use crate::cli::terminal::{harmless, harmless_lines};
use crate::clock::rfc3339;
use crate::config::Tool;

/// What was found out about a launch.
pub(super) struct Report<'a> {
    pub(super) tool: &'a Tool,
    /// The accepted distance of its timestamp from the clock, in seconds.
    pub(super) accepted_skew: u64,
    /// The address that it was judged for, without its query.
    pub(super) address: String,
    pub(super) notes: &'a [String],
    /// Where the gateway would answer that nothing is launched there.
    pub(super) nowhere: Option<&'a str>,
    pub(super) redaction: &'a Redaction,
    /// Whether a secret stands in what was sent.
    pub(super) holds_secret: bool,
    /// The time, in seconds since the epoch, to say how old it is.
    pub(super) now: u64,
    /// The time that it was judged at, where that is not its own.
    pub(super) at: Option<u64>,
    pub(super) diagnosis: Option<SignatureDiagnosis>,
    /// What the signature was compared for.
    pub(super) base_string: Option<String>,
    /// How many of its parameters stand in the URL.
    pub(super) query_params: usize,
    pub(super) examination: Examination<SignatureFindings>,
}

impl Report<'_> {
    pub(super) fn is_accepted(&self) -> bool {
        self.nowhere.is_none() && self.examination.rejection().is_none()
    }

    /// The report for a terminal, with no secret of the file in it.
    pub(super) fn text(&self) -> String {
        let rejection = self.examination.rejection();
        let mut text = format!("{}, posted to {}\n", self.tool.name, self.address);
        for note in self.notes {
            let _ = writeln!(text, "{note}");
        }
        text.push('\n');
        for check in Check::ALL {
            let (mark, finding) = match rejection {
                Some(rejection) if rejection.check() == check => ("NO", self.fact(rejection)),
                Some(rejection) if rejection.check() < check => ("-", "not looked at".to_owned()),
                _ if check == Check::Nonce => (
                    "-",
                    "not asked for: only the gateway knows whether this form came before"
                        .to_owned(),
                ),
                _ => ("ok", self.finding(check)),
            };
            let _ = writeln!(text, "{:<12}{mark:<4}{finding}", check.name());
        }
        text.push('\n');
        text.push_str(&self.conclusion(rejection));
        text.push_str(&self.base_strings());
        harmless_lines(&self.redaction.masked(text))
    }

    /// What was found where a check was passed.
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
                    format!("it matches, with a deviation that is understood: {}", variant.name())
                }
            },
            Check::Time => {
                let accepted = self.accepted_skew;
                match self.at {
                    Some(at) => format!("within {accepted} s of {}", rfc3339(at)),
                    None => {
                        format!(
                            "taken as right; such a form counts once, and within {accepted} s of its time"
                        )
                    }
                }
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
            Check::Nonce => String::new(),
        }
    }

    /// A rejection in words, unless these may quote a part of a secret.
    fn fact(&self, rejection: &Rejection) -> String {
        let quotes =
            !matches!(rejection, Rejection::BadSignature | Rejection::UnknownConsumer(None));
        if self.holds_secret && quotes {
            return "what it says is not shown: a secret stands in what was sent".to_owned();
        }
        rejection.to_string()
    }

    fn conclusion(&self, rejection: Option<&Rejection>) -> String {
        let Some(rejection) = rejection else {
            return match self.nowhere {
                Some(why) => format!("It is refused: no-tool: {why}\n"),
                None => "It is accepted, if it comes in time and for the first time.\n".to_owned(),
            };
        };
        let (cause, advice) = match &self.diagnosis {
            Some(SignatureDiagnosis { cause, .. }) => {
                let quotes = matches!(cause, Cause::UnsignedParameter(_));
                let words =
                    if quotes && self.holds_secret { String::new() } else { format!(": {cause}") };
                (format!("\ncause: {}{words}\n", cause.code()), cause.advice())
            }
            None if *rejection == Rejection::BadSignature => {
                let unknown =
                    "a value was changed on the way, or the secret is one that is not known here";
                (format!("\ncause: not found: {unknown}\n"), rejection.advice())
            }
            None => (String::new(), rejection.advice()),
        };
        let fact = self.fact(rejection);
        format!("It is refused: {}: {fact}\n{cause}  = help: {advice}\n", rejection.code())
    }

    /// What was compared and what was signed, where either is known and tells something.
    fn base_strings(&self) -> String {
        let Some(compared) = &self.base_string else { return String::new() };
        // A short secret is recognised in the key's place only.
        if self.holds_secret
            || self.examination.rejection() == Some(&Rejection::UnknownConsumer(None))
        {
            return "\nThe base string is not shown: a secret stands in it.\n".to_owned();
        }
        let mut text = format!("\nbase string that is compared:\n{}\n", harmless(compared));
        if let Some(signed) =
            self.diagnosis.as_ref().and_then(|diagnosis| diagnosis.base_string.as_ref())
        {
            let _ = write!(text, "\nbase string that was signed:\n{}\n", harmless(signed));
        }
        text
    }

    /// How far a time lies from now, in words.
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
