use std::fmt::Write as _;

use lti::oauth1::encode::encode;
use lti::v1p1::{Cause, Check, Examination, NearMiss, Variant};
use lti::{Rejection, Role, Secret};

use crate::cli::terminal::{harmless, harmless_lines};
use crate::clock::instant;
use crate::config::Tool;

/// Shorter secrets are not looked for in what is shown: they stand everywhere.
const SHORTEST_SECRET: usize = 6;

/// What was found out about a launch.
pub(super) struct Report<'a> {
    pub(super) tool: &'a Tool,
    /// The address that it was judged for, without its query.
    pub(super) address: String,
    pub(super) notes: &'a [String],
    /// What must not be shown.
    pub(super) secrets: &'a [Secret],
    /// The time, in seconds since the epoch, to say how old it is.
    pub(super) now: u64,
    /// The time that it was judged at, where that is not its own.
    pub(super) at: Option<u64>,
    pub(super) near_miss: Option<NearMiss>,
    /// What the signature was compared for.
    pub(super) base_string: Option<String>,
    /// How many of its parameters stand in the URL.
    pub(super) query_params: usize,
    pub(super) examination: Examination,
}

impl Report<'_> {
    pub(super) fn is_accepted(&self) -> bool {
        self.examination.rejection().is_none()
    }

    /// The report for a terminal, with no secret of the file in it.
    pub(super) fn text(&self) -> String {
        // A short secret is recognised only by who looks for one in the key's place.
        let no_key = Rejection::UnknownConsumer(None);
        let rejection = self.examination.rejection();
        let rejection = if self.hides_key() { Some(&no_key) } else { rejection };
        let mut text = format!("{}, posted to {}\n", self.tool.name, self.address);
        for note in self.notes {
            let _ = writeln!(text, "{note}");
        }
        text.push('\n');
        for check in Check::ALL {
            let (mark, finding) = match rejection {
                Some(rejection) if rejection.check() == check => ("NO", rejection.to_string()),
                Some(rejection) if rejection.check() < check => ("-", "not looked at".to_owned()),
                _ if check == Check::Nonce => {
                    ("-", "not asked for: only the gateway knows whether this form came before".to_owned())
                }
                _ => ("ok", self.finding(check)),
            };
            let _ = writeln!(text, "{:<12}{mark:<4}{finding}", check.name());
        }
        text.push('\n');
        text.push_str(&self.conclusion(rejection));
        text.push_str(&self.base_strings());
        harmless_lines(&self.discreet(text))
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
                format!("{method}, signed at {} ({})", instant(signed), self.age(signed))
            }
            Check::Consumer => examination.consumer_key().unwrap_or_default().to_owned(),
            Check::Signature => match examination.variant() {
                None | Some(Variant::Strict) => "it matches".to_owned(),
                Some(variant) => {
                    format!("it matches, with a deviation that is understood: {}", variant.name())
                }
            },
            Check::Time => {
                let accepted = self.tool.terms.clock_skew;
                match self.at {
                    Some(at) => format!("within {accepted} s of {}", instant(at)),
                    None => {
                        format!(
                            "taken as right; such a form counts once, and within {accepted} s of its time"
                        )
                    }
                }
            }
            Check::Parameters => "an LTI 1.1 launch of a resource link".to_owned(),
            Check::Roles => {
                let roles: Vec<&str> =
                    examination.roles().iter().flat_map(|roles| roles.iter().map(Role::name)).collect();
                if roles.is_empty() { "none in the course".to_owned() } else { roles.join(", ") }
            }
            Check::Nonce => String::new(),
        }
    }

    fn conclusion(&self, rejection: Option<&Rejection>) -> String {
        let Some(rejection) = rejection else {
            return "It is accepted, if it comes in time and for the first time.\n".to_owned();
        };
        let (cause, advice) = match &self.near_miss {
            Some(NearMiss { cause, .. }) => (format!("\ncause: {}: {cause}\n", cause.code()), cause.advice()),
            None if *rejection == Rejection::BadSignature => {
                let unknown = "a value was changed on the way, or the secret is one that is not known here";
                (format!("\ncause: not found: {unknown}\n"), rejection.advice())
            }
            None => (String::new(), rejection.advice()),
        };
        format!("It is refused: {}: {rejection}\n{cause}  = help: {advice}\n", rejection.code())
    }

    /// What was compared and what was signed, where either is known and tells something.
    fn base_strings(&self) -> String {
        let Some(compared) = &self.base_string else { return String::new() };
        if self.hides_key() {
            return "\nThe base string is not shown: a secret stands in it.\n".to_owned();
        }
        let mut text = format!("\nbase string that is compared:\n{}\n", harmless(compared));
        if let Some(signed) = self.near_miss.as_ref().and_then(|near_miss| near_miss.base_string.as_ref()) {
            let _ = write!(text, "\nbase string that was signed:\n{}\n", harmless(signed));
        }
        text
    }

    /// Whether a secret stands where the key belongs.
    fn hides_key(&self) -> bool {
        let found = self.near_miss.as_ref().is_some_and(|near_miss| near_miss.cause == Cause::SecretAsKey);
        found || self.examination.rejection() == Some(&Rejection::UnknownConsumer(None))
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

    /// The text without any secret, in whatever spelling a base string has it.
    fn discreet(&self, mut text: String) -> String {
        for secret in self.secrets {
            let secret = secret.expose().trim();
            if secret.chars().count() < SHORTEST_SECRET {
                continue;
            }
            // As it is quoted, and as it stands in a form and in base strings.
            let mut spelt = vec![secret.escape_debug().to_string(), secret.to_owned()];
            for _ in 0..3 {
                spelt.extend(spelt.last().map(|spelt| encode(spelt)));
            }
            for spelt in spelt.iter().filter(|spelt| !spelt.is_empty()) {
                text = text.replace(spelt, "(a secret)");
            }
        }
        text
    }
}
