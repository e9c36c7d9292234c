use std::fmt;

use crate::oauth1::SignatureMethod;

/// Why a signature does not match, where that is known: what the platform, or something on the way, did otherwise than
/// RFC 5849 and this gateway.
///
/// A cause is named only where it is proven: the signature is exactly the one that this mistake makes, or for a key, the
/// key is exactly the one that it is said to be.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cause {
    /// Signed for another scheme. Holds it.
    Scheme(String),
    /// Signed for another host. Holds it.
    Host(String),
    /// Signed for the host with its capital letters. Holds it.
    HostCase(String),
    /// Signed for another port. Holds it; `None` for none.
    Port(Option<String>),
    /// Signed with a slash at the end of the path (`true`) and sent without, or the other way round.
    Slash(bool),
    /// Signed for another path. Holds it.
    Path(String),
    /// Signed for an address of which several parts are others. Holds all of it.
    Address(String),
    /// Signed for the launch URL of another tool. Holds the tool's name.
    AddressOfTool(String),
    /// The query of the launch URL was not signed.
    QueryLeftOut,
    /// The query was signed as a part of the address.
    QueryInAddress,
    /// The query was signed twice and sent once.
    QueryTwice,
    /// The query was signed as it stands in the URL, with its escapes.
    QueryEscaped,
    /// Signed for a GET.
    HttpMethod,
    /// Sent, but not signed. Holds the names.
    UnsignedParameter(String),
    /// Signed, but not sent. Holds the name.
    ParameterNotSent(String),
    /// Parameters without a value were sent, but not signed.
    EmptyValues,
    /// Signed without the blanks around values.
    Trimmed,
    /// Signed with other line breaks than were sent.
    LineBreaks(LineBreak),
    /// Signed with characters escaped as HTML does it (`true`) and sent without, or the other way round.
    HtmlEntities(bool),
    /// Signed in ISO-8859-1 (or Windows-1252, which browsers take it for) and sent in UTF-8.
    Charset,
    /// Signed in UTF-8 and sent in ISO-8859-1.
    FormCharset,
    /// Of a parameter that was sent more than once, one was signed.
    OneOfEach,
    /// The parameters were not sorted as RFC 5849 asks.
    Order,
    /// Spaces were signed as `+`.
    PlusForSpace,
    /// These characters were not escaped.
    Unescaped(String),
    /// `~` was escaped.
    Tilde,
    /// The digits of escapes are lower-case letters.
    LowerCaseEscapes,
    /// Parameters were escaped once too often.
    EscapedTwice,
    /// Parameters were escaped once too seldom.
    NotEscaped,
    /// The consumer key was signed percent-encoded.
    KeyEscaped,
    /// The key is another tool's. Holds the tool's name.
    KeyOfTool(String),
    /// The key differs from one of the tool's in its case, or in blanks around it. Holds the tool's.
    KeySpelling(String),
    /// A secret of the file stands where the key belongs.
    SecretAsKey,
    /// The secret has white space around it on one side, and none on the other.
    SecretWhiteSpace,
    /// The secret has quotes around it on one side, and none on the other.
    SecretQuotes,
    /// The secret is the right one but for the case of its letters.
    SecretCase,
    /// The secret was not percent-encoded before it became the HMAC's key.
    SecretNotEscaped,
    /// The secret that the platform has is the percent-encoded one.
    SecretEscaped,
    /// The HMAC's key is the secret without the `&` behind it.
    SecretAmpersand,
    /// The platform has no secret.
    SecretEmpty,
    /// The platform has the key for a secret.
    KeyAsSecret,
    /// The platform has key and secret together, as in a passport, for a secret.
    PassportAsSecret,
    /// The secret is that of another consumer of the tool. Holds that one's key.
    SecretOfConsumer(String),
    /// The secret is another tool's. Holds the tool's name.
    SecretOfTool(String),
    /// The secret is one that the file does not have (any more). Holds what it was called.
    SecretReplaced(String),
    /// Signed with another method than the one that was named. Holds the one used.
    SignatureMethod(SignatureMethod),
    /// The signature is right, but its text was changed on the way or is not base64.
    SignatureText(SignatureText),
}

/// How a line ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineBreak {
    /// A line feed, as programs write it.
    Lf,
    /// A carriage return and a line feed, as browsers send it.
    CrLf,
    /// A carriage return.
    Cr,
}

/// How the text of a right signature went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignatureText {
    /// Each `+` became a blank.
    BlankForPlus,
    /// White space stands around it.
    WhiteSpace,
    /// It is hexadecimal, or base64 of that.
    Hexadecimal,
    /// It was percent-encoded once too often.
    EscapedTwice,
    /// It has no `=` at its end, or `-` and `_` for `+` and `/`.
    UrlSafe,
}

impl Cause {
    /// A stable name: in logs, and a heading of `docs/explain.md`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Scheme(_) => "scheme",
            Self::Host(_) => "host",
            Self::HostCase(_) => "host-case",
            Self::Port(_) => "port",
            Self::Slash(_) => "slash",
            Self::Path(_) => "path",
            Self::Address(_) => "address",
            Self::AddressOfTool(_) => "address-of-tool",
            Self::QueryLeftOut => "query-left-out",
            Self::QueryInAddress => "query-in-address",
            Self::QueryTwice => "query-twice",
            Self::QueryEscaped => "query-escaped",
            Self::HttpMethod => "http-method",
            Self::UnsignedParameter(_) => "unsigned-parameter",
            Self::ParameterNotSent(_) => "parameter-not-sent",
            Self::EmptyValues => "empty-values",
            Self::Trimmed => "trimmed",
            Self::LineBreaks(_) => "line-breaks",
            Self::HtmlEntities(_) => "html-entities",
            Self::Charset => "charset",
            Self::FormCharset => "form-charset",
            Self::OneOfEach => "one-of-each",
            Self::Order => "order",
            Self::PlusForSpace => "plus-for-space",
            Self::Unescaped(_) => "unescaped",
            Self::Tilde => "tilde",
            Self::LowerCaseEscapes => "lower-case-escapes",
            Self::EscapedTwice => "escaped-twice",
            Self::NotEscaped => "not-escaped",
            Self::KeyEscaped => "key-escaped",
            Self::KeyOfTool(_) => "key-of-tool",
            Self::KeySpelling(_) => "key-spelling",
            Self::SecretAsKey => "secret-as-key",
            Self::SecretWhiteSpace => "secret-white-space",
            Self::SecretQuotes => "secret-quotes",
            Self::SecretCase => "secret-case",
            Self::SecretNotEscaped => "secret-not-escaped",
            Self::SecretEscaped => "secret-escaped",
            Self::SecretAmpersand => "secret-ampersand",
            Self::SecretEmpty => "secret-empty",
            Self::KeyAsSecret => "key-as-secret",
            Self::PassportAsSecret => "passport-as-secret",
            Self::SecretOfConsumer(_) => "secret-of-consumer",
            Self::SecretOfTool(_) => "secret-of-tool",
            Self::SecretReplaced(_) => "secret-replaced",
            Self::SignatureMethod(_) => "signature-method",
            Self::SignatureText(_) => "signature-text",
        }
    }

    /// The cure: the field of the platform, or the key of `tools.toml`.
    pub fn advice(&self) -> &'static str {
        match self {
            Self::Scheme(_) => {
                "write the launch URL in the platform with the scheme that is shown at /; if that one is wrong, mend `public_url` in [gateway]"
            }
            Self::Host(_) => {
                "write the launch URL in the platform with the host that is shown at /; if platforms are right and it is wrong, mend `public_url` in [gateway], or the tool's `host`"
            }
            Self::HostCase(_) => "write the host of the launch URL in the platform in lower case",
            Self::Port(_) => {
                "write the launch URL in the platform with the port that is shown at /, and no port where none is shown; if that one is wrong, mend `public_url` in [gateway]"
            }
            Self::Slash(_) => {
                "copy the launch URL from / into the platform, with or without a slash at its end as it stands there; if it is right, look for what redirects or rewrites the path on the way"
            }
            Self::Path(_) => {
                "copy the launch URL from / into the platform; if it is right, look for the proxy in front that rewrites the path"
            }
            Self::Address(_) => {
                "copy the launch URL from / into the platform; if it is right there, `public_url` in [gateway] is not what people's browsers see"
            }
            Self::AddressOfTool(_) => {
                "write this tool's own launch URL into the platform: the form was signed for the other's and posted here"
            }
            Self::QueryLeftOut => {
                "take the query out of the launch URL in the platform, and send what it says as custom parameters"
            }
            Self::QueryInAddress | Self::QueryTwice | Self::QueryEscaped => {
                "take the query out of the launch URL in the platform, which signs it wrongly, and send what it says as custom parameters"
            }
            Self::HttpMethod => {
                "have the platform sign the launch for POST, which is how it is sent"
            }
            Self::UnsignedParameter(_) => {
                "have the platform sign what it sends; a submit button with a name, a script, a browser extension or a proxy adds parameters after signing"
            }
            Self::ParameterNotSent(_) => {
                "have the platform send what it signs; a script, a filter or a proxy drops parameters on the way"
            }
            Self::EmptyValues => {
                "have the platform sign parameters without a value too, or fill in or take out the custom parameters that are empty"
            }
            Self::Trimmed => {
                "take the blanks at the beginning and end of the values in the platform away (titles, descriptions, custom parameters)"
            }
            Self::LineBreaks(_) => {
                "take the line breaks out of the descriptions and custom parameters in the platform, or have it sign CR LF, which is what browsers send"
            }
            Self::HtmlEntities(_) => {
                "have the platform sign values as they are and escape them for HTML once, in its page; until then, leave & < > and quotes out of titles and custom parameters"
            }
            Self::Charset => {
                "have the platform sign UTF-8, as RFC 5849 asks; until then, leave letters that are not ASCII out of titles and names"
            }
            Self::FormCharset => "have the platform serve the page with the launch form as UTF-8",
            Self::OneOfEach => {
                "send each custom parameter once, and none that stands in the launch URL, too"
            }
            Self::Order => {
                "have the platform sort the parameters after encoding, by name and then by value"
            }
            Self::PlusForSpace
            | Self::Unescaped(_)
            | Self::Tilde
            | Self::LowerCaseEscapes
            | Self::EscapedTwice
            | Self::NotEscaped => {
                "have the platform sign with the encoding of RFC 5849 §3.6, which its own for forms and URLs is not; until then, leave such characters out of titles and custom parameters"
            }
            Self::KeyEscaped => {
                "choose a key of letters, digits, - and _ only, in tools.toml (`key`) and in the platform"
            }
            Self::KeyOfTool(_) => {
                "enter this tool's own key and secret in the platform; a key counts for its own tool only"
            }
            Self::KeySpelling(_) => {
                "copy the key from tools.toml (`key`) into the platform as it is written"
            }
            Self::SecretAsKey => {
                "enter key and secret each into its own field of the platform; edX's LTI passport is id:key:secret"
            }
            Self::SecretWhiteSpace => {
                "copy the secret again into the platform, and into the variable that the tool's `secret` names, without white space and line break"
            }
            Self::SecretQuotes => {
                "take the quotes away: the secret in the platform, or the variable that the tool's `secret` names, holds them"
            }
            Self::SecretCase => {
                "copy the secret into the platform as it is: upper and lower case count"
            }
            Self::SecretNotEscaped => {
                "choose a secret of letters and digits only, in tools.toml (`secret`) and in the platform, which does not encode it"
            }
            Self::SecretEscaped => {
                "copy the secret into the platform as it is, without percent signs"
            }
            Self::SecretAmpersand => {
                "have the platform sign with the secret and a & behind it (RFC 5849 §3.4.2); it may have a setting for an empty token"
            }
            Self::SecretEmpty => "enter the tool's secret in the platform",
            Self::KeyAsSecret | Self::PassportAsSecret => {
                "enter the secret alone where the platform asks for the secret; edX's LTI passport is id:key:secret"
            }
            Self::SecretOfConsumer(_) => {
                "enter key and secret of one consumer in the platform: they stand in one table of the tool's `consumers`"
            }
            Self::SecretOfTool(_) => "enter this tool's own secret in the platform",
            Self::SecretReplaced(_) => {
                "enter the new secret in the platform; until everybody has it, list both: secret = [{ env = \"NEW\" }, { env = \"OLD\" }]"
            }
            Self::SignatureMethod(_) => {
                "set the platform to HMAC-SHA1 or to HMAC-SHA256, so that it names the one that it signs with"
            }
            Self::SignatureText(_) => {
                "have the platform send the signature in base64, percent-encoded once; a script or a proxy that writes the form anew changes it"
            }
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scheme(signed) => {
                write!(f, "it was signed for {signed}://, and the launch URL begins otherwise")
            }
            Self::Host(signed) => write!(f, "it was signed for the host {signed}"),
            Self::HostCase(signed) => {
                write!(
                    f,
                    "it was signed for {signed}, with the capital letters, which are signed in lower case"
                )
            }
            Self::Port(Some(signed)) => write!(f, "it was signed for the port {signed}"),
            Self::Port(None) => f.write_str("it was signed without a port"),
            Self::Slash(true) => {
                f.write_str("it was signed with a slash at the end of the path, and sent without")
            }
            Self::Slash(false) => {
                f.write_str("it was signed without the slash at the end of the path")
            }
            Self::Path(signed) if signed.is_empty() => f.write_str("it was signed without a path"),
            Self::Path(signed) => write!(f, "it was signed for the path {signed}"),
            Self::Address(signed) => write!(f, "it was signed for {signed}"),
            Self::AddressOfTool(tool) => {
                write!(f, "it was signed for the launch URL of the tool {tool}")
            }
            Self::QueryLeftOut => f.write_str("the query of the launch URL was not signed"),
            Self::QueryInAddress => {
                f.write_str("the query of the launch URL was signed as a part of the address")
            }
            Self::QueryTwice => {
                f.write_str("the query of the launch URL was signed twice and sent once")
            }
            Self::QueryEscaped => f.write_str(
                "the query of the launch URL was signed with its escapes, as it stands in the URL",
            ),
            Self::HttpMethod => f.write_str("it was signed for GET and sent with POST"),
            Self::UnsignedParameter(names) => write!(f, "sent, but not signed: {names}"),
            Self::ParameterNotSent(name) => write!(f, "signed, but not sent: {name}"),
            Self::EmptyValues => {
                f.write_str("parameters without a value were sent, but not signed")
            }
            Self::Trimmed => f.write_str("values were signed without the blanks around them"),
            Self::LineBreaks(signed) => {
                write!(f, "line breaks were signed as {signed}, and sent otherwise")
            }
            Self::HtmlEntities(true) => {
                f.write_str("values were signed with HTML entities (&amp; for &), and sent without")
            }
            Self::HtmlEntities(false) => {
                f.write_str("values were sent with HTML entities (&amp; for &), and signed without")
            }
            Self::Charset => f.write_str("values were signed in ISO-8859-1, and sent in UTF-8"),
            Self::FormCharset => {
                f.write_str("the form was sent in ISO-8859-1, and signed in UTF-8")
            }
            Self::OneOfEach => f.write_str("a parameter was sent more than once, and signed once"),
            Self::Order => {
                f.write_str("the parameters were signed in another order than RFC 5849 asks for")
            }
            Self::PlusForSpace => f.write_str("blanks were signed as +, and not as %20"),
            Self::Unescaped(characters) => {
                write!(f, "signed without being escaped: {characters}")
            }
            Self::Tilde => f.write_str("~ was signed as %7E"),
            Self::LowerCaseEscapes => {
                f.write_str("escapes were signed in lower case (%2f for %2F)")
            }
            Self::EscapedTwice => {
                f.write_str("values were percent-encoded once too often before signing")
            }
            Self::NotEscaped => {
                f.write_str("values were percent-encoded once too seldom before signing")
            }
            Self::KeyEscaped => f.write_str("the consumer key was signed percent-encoded"),
            Self::KeyOfTool(tool) => write!(f, "the key is one of the tool {tool}"),
            Self::KeySpelling(key) => write!(f, "the key is \"{key}\" but for case or white space"),
            Self::SecretAsKey => f.write_str("a secret stands where the key belongs"),
            Self::SecretWhiteSpace => {
                f.write_str("the secret was right but for white space around it")
            }
            Self::SecretQuotes => f.write_str("the secret was right but for quotes around it"),
            Self::SecretCase => f.write_str("the secret was right but for upper and lower case"),
            Self::SecretNotEscaped => {
                f.write_str("the secret was right, but not percent-encoded for signing")
            }
            Self::SecretEscaped => f.write_str("the secret was percent-encoded once too often"),
            Self::SecretAmpersand => {
                f.write_str("the secret was right, but signed with no & behind it")
            }
            Self::SecretEmpty => f.write_str("it was signed with an empty secret"),
            Self::KeyAsSecret => f.write_str("it was signed with the key in place of the secret"),
            Self::PassportAsSecret => {
                f.write_str("it was signed with key and secret together in place of the secret")
            }
            Self::SecretOfConsumer(key) => {
                write!(f, "it was signed with the secret of the consumer \"{key}\"")
            }
            Self::SecretOfTool(tool) => write!(f, "it was signed with a secret of the tool {tool}"),
            Self::SecretReplaced(name) => write!(f, "it was signed with the secret of {name}"),
            Self::SignatureMethod(method) => {
                write!(f, "it was signed with {}, and says otherwise", method.name())
            }
            Self::SignatureText(text) => write!(f, "the signature is right, but {text}"),
        }
    }
}

impl fmt::Display for LineBreak {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Lf => "LF",
            Self::CrLf => "CR LF",
            Self::Cr => "CR",
        })
    }
}

impl fmt::Display for SignatureText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BlankForPlus => "each + in it became a blank",
            Self::WhiteSpace => "white space stands around it",
            Self::Hexadecimal => "it was sent in hexadecimal digits",
            Self::EscapedTwice => "it was percent-encoded once too often",
            Self::UrlSafe => "it was sent in the base64 of URLs, or without its =",
        })
    }
}
