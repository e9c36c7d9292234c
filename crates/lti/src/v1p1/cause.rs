use std::fmt;

use crate::oauth1::SignatureMethod;

/// The known cause of a signature that does not match: a mistake of the platform, of the
/// configuration, or of something in transit.
///
/// A cause is proven: the mistake yields exactly the sent signature, or the sent key matches a key
/// or a secret of the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cause {
    /// Signed for the origin at which the launch arrived. The gateway verifies for another one.
    /// Contains the signed origin.
    PublicUrl(String),
    /// Signed for another scheme. Contains the signed scheme.
    Scheme(String),
    /// Signed for another host. Contains the signed host.
    Host(String),
    /// Signed for the host with upper-case letters. Contains the signed host.
    HostCase(String),
    /// Signed for another port. Contains the signed port; `None` if it was signed without.
    Port(Option<String>),
    /// The path was signed with a trailing slash and sent without (`true`), or the other way round.
    Slash(bool),
    /// Signed for another path. Contains the signed path.
    Path(String),
    /// Signed for a URL that differs in several parts. Contains the signed URL.
    Address(String),
    /// Signed for the launch URL of another tool. Contains the tool's name.
    AddressOfTool(String),
    /// The query of the launch URL was not signed.
    QueryLeftOut,
    /// The query was signed as a part of the base string URI.
    QueryInAddress,
    /// The query was signed twice and sent once.
    QueryTwice,
    /// The query was signed without decoding it.
    QueryEscaped,
    /// Signed for a GET.
    HttpMethod,
    /// Parameters were sent, but not signed. Contains their names.
    UnsignedParameter(String),
    /// A parameter was signed, but not sent. Contains its name.
    ParameterNotSent(String),
    /// Parameters without a value were sent, but not signed.
    EmptyValues,
    /// Values were signed without their leading and trailing whitespace.
    Trimmed,
    /// Signed with other line breaks than were sent. Contains the signed ones.
    LineBreaks(LineBreak),
    /// Values were signed with HTML entities and sent without (`true`), or the other way round.
    HtmlEntities(bool),
    /// Signed in ISO-8859-1 or Windows-1252 and sent in UTF-8. Browsers treat both charsets as one.
    Charset,
    /// Signed in UTF-8 and sent in ISO-8859-1.
    FormCharset,
    /// A parameter was sent several times and signed once.
    OneOfEach,
    /// The parameters were not sorted as in RFC 5849.
    Order,
    /// Spaces were signed as `+`.
    PlusForSpace,
    /// Characters were not percent-encoded. Contains the characters.
    Unescaped(String),
    /// `~` was percent-encoded.
    Tilde,
    /// Escapes were signed with lower-case digits.
    LowerCaseEscapes,
    /// Parameters were percent-encoded twice.
    EscapedTwice,
    /// Parameters were not percent-encoded.
    NotEscaped,
    /// The consumer key was signed percent-encoded.
    KeyEscaped,
    /// The key belongs to another tool. Contains the tool's name.
    KeyOfTool(String),
    /// The key differs from a key of the tool only in case, or in leading or trailing whitespace.
    /// Contains the tool's key.
    KeySpelling(String),
    /// A secret of the configuration is in the place of the key.
    SecretAsKey,
    /// The secret has leading or trailing whitespace on one side only.
    SecretWhiteSpace,
    /// The secret is in quotes on one side only.
    SecretQuotes,
    /// The secret differs only in case.
    SecretCase,
    /// The secret was not percent-encoded before it became the HMAC key.
    SecretNotEscaped,
    /// The platform has the percent-encoded secret.
    SecretEscaped,
    /// The HMAC key is the secret without a final `&`.
    SecretAmpersand,
    /// The platform has no secret.
    SecretEmpty,
    /// The platform has the key as its secret.
    KeyAsSecret,
    /// The platform has key and secret together, as in edX's LTI passport, as its secret.
    PassportAsSecret,
    /// The secret belongs to another consumer of the tool. Contains that consumer's key.
    SecretOfConsumer(String),
    /// The secret belongs to another tool. Contains the tool's name.
    SecretOfTool(String),
    /// The secret is not, or no longer, in the configuration. Contains the admin's name for it.
    SecretReplaced(String),
    /// The launch names one signature method and was signed with another. Contains the latter.
    SignatureMethod(SignatureMethod),
    /// The signature is right, but its encoding is wrong or something changed it in transit.
    SignatureText(SignatureText),
}

/// A line break.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineBreak {
    /// A line feed, as in programs.
    Lf,
    /// A carriage return and a line feed, as sent by browsers.
    CrLf,
    /// A carriage return.
    Cr,
}

/// The wrong encoding of a right signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignatureText {
    /// Each `+` became a space.
    BlankForPlus,
    /// It has leading or trailing whitespace.
    WhiteSpace,
    /// It is hexadecimal, or base64 of hexadecimal digits.
    Hexadecimal,
    /// It was percent-encoded once too often.
    EscapedTwice,
    /// It has no final `=`, or `-` and `_` instead of `+` and `/`.
    UrlSafe,
}

impl Cause {
    /// A stable name: in logs, and a heading of `docs/explain.md`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::PublicUrl(_) => "public-url",
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

    /// Whether the cause is a difference between two URLs. Its message then names the signed URL, or
    /// the part of it that differs, and no value of a form.
    pub fn is_of_url(&self) -> bool {
        matches!(
            self,
            Self::PublicUrl(_)
                | Self::Scheme(_)
                | Self::Host(_)
                | Self::HostCase(_)
                | Self::Port(_)
                | Self::Slash(_)
                | Self::Path(_)
                | Self::Address(_)
        )
    }

    /// The fix: a field of the platform, or a key of `tools.toml`.
    pub fn advice(&self) -> &'static str {
        match self {
            Self::PublicUrl(_) => {
                "set `public_url` in [gateway] to the origin of the launch URL in the platform, \
                 where browsers reach the gateway; if that origin is only an alias, copy the \
                 launch URL from / into the platform"
            }
            Self::Scheme(_) => {
                "write the launch URL in the platform with the scheme shown at /; if that scheme \
                 is wrong, fix `public_url` in [gateway]"
            }
            Self::Host(_) => {
                "write the launch URL in the platform with the host shown at /; if that host is \
                 wrong, fix `public_url` in [gateway], or the tool's `host`"
            }
            Self::HostCase(_) => "write the host of the launch URL in the platform in lower case",
            Self::Port(_) => {
                "write the launch URL in the platform with the port shown at /, or without a port \
                 if none is shown; if that is wrong, fix `public_url` in [gateway]"
            }
            Self::Slash(_) => {
                "copy the launch URL from / into the platform, with or without the trailing slash \
                 as shown; if it is right, look for a redirect or a proxy that changes the path"
            }
            Self::Path(_) => {
                "copy the launch URL from / into the platform; if it is right, look for a proxy \
                 that rewrites the path"
            }
            Self::Address(_) => {
                "copy the launch URL from / into the platform; if it is right, change `public_url` \
                 in [gateway] to the URL that browsers use"
            }
            Self::AddressOfTool(_) => {
                "write this tool's launch URL into the platform: the form was signed for the other \
                 tool and posted to this one"
            }
            Self::QueryLeftOut => {
                "remove the query from the launch URL in the platform, and send its values as \
                 custom parameters"
            }
            Self::QueryInAddress | Self::QueryTwice | Self::QueryEscaped => {
                "remove the query from the launch URL in the platform, which signs it wrongly, and \
                 send its values as custom parameters"
            }
            Self::HttpMethod => "have the platform sign the launch for POST",
            Self::UnsignedParameter(_) => {
                "have the platform sign each parameter; a submit button with a name, a script, a \
                 browser extension or a proxy adds parameters after signing"
            }
            Self::ParameterNotSent(_) => {
                "have the platform send each signed parameter; a script, a filter or a proxy drops \
                 parameters in transit"
            }
            Self::EmptyValues => {
                "have the platform sign parameters without a value, or fill in or remove the empty \
                 custom parameters"
            }
            Self::Trimmed => {
                "remove leading and trailing spaces from the values in the platform (titles, \
                 descriptions, custom parameters)"
            }
            Self::LineBreaks(_) => {
                "remove the line breaks from descriptions and custom parameters in the platform, \
                 or have it sign CR LF, as sent by browsers"
            }
            Self::HtmlEntities(_) => {
                "have the platform sign the values first, and escape them for HTML once, in its \
                 page; until then, avoid & < > and quotes in titles and custom parameters"
            }
            Self::Charset => {
                "have the platform sign UTF-8 (RFC 5849 §3.6); until then, use only ASCII in \
                 titles and names"
            }
            Self::FormCharset => "have the platform serve the page with the launch form as UTF-8",
            Self::OneOfEach => {
                "send each custom parameter once, and none that is also in the launch URL"
            }
            Self::Order => {
                "have the platform sort the encoded parameters by name, and then by value"
            }
            Self::PlusForSpace
            | Self::Unescaped(_)
            | Self::Tilde
            | Self::LowerCaseEscapes
            | Self::EscapedTwice
            | Self::NotEscaped => {
                "have the platform sign with the percent-encoding of RFC 5849 §3.6 instead of that \
                 of forms or URLs; until then, avoid such characters in titles and custom \
                 parameters"
            }
            Self::KeyEscaped => {
                "choose a key of letters, digits, - and _ only, in tools.toml (`key`) and in the \
                 platform"
            }
            Self::KeyOfTool(_) => {
                "enter this tool's key and secret in the platform; a key is valid for its own tool \
                 only"
            }
            Self::KeySpelling(_) => {
                "copy the key from tools.toml (`key`) into the platform, character for character"
            }
            Self::SecretAsKey => {
                "enter key and secret in separate fields of the platform; edX's LTI passport is \
                 id:key:secret"
            }
            Self::SecretWhiteSpace => {
                "copy the secret again, without spaces and line breaks: into the platform, and \
                 into the variable that the tool's `secret` names"
            }
            Self::SecretQuotes => {
                "remove the quotes from the secret in the platform, or from the variable that the \
                 tool's `secret` names"
            }
            Self::SecretCase => {
                "copy the secret into the platform, character for character: it is case-sensitive"
            }
            Self::SecretNotEscaped => {
                "choose a secret of letters and digits only, in tools.toml (`secret`) and in the \
                 platform, which does not encode it"
            }
            Self::SecretEscaped => "copy the secret into the platform without percent-encoding it",
            Self::SecretAmpersand => {
                "have the platform sign with the secret and a final & (RFC 5849 §3.4.2); it may \
                 have a setting for an empty token"
            }
            Self::SecretEmpty => "enter the tool's secret in the platform",
            Self::KeyAsSecret | Self::PassportAsSecret => {
                "enter only the secret in the platform's field for the secret; edX's LTI passport \
                 is id:key:secret"
            }
            Self::SecretOfConsumer(_) => {
                "enter key and secret of one consumer in the platform: both are in one table of \
                 the tool's `consumers`"
            }
            Self::SecretOfTool(_) => "enter this tool's secret in the platform",
            Self::SecretReplaced(_) => {
                "enter the new secret in the platform; until every platform has it, list both: \
                 secret = [{ env = \"NEW\" }, { env = \"OLD\" }]"
            }
            Self::SignatureMethod(_) => {
                "set the platform to HMAC-SHA1 or to HMAC-SHA256, so that it names the method of \
                 its signature"
            }
            Self::SignatureText(_) => {
                "have the platform send the signature in base64, percent-encoded once; a script or \
                 a proxy that rebuilds the form changes it"
            }
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fact = match self {
            Self::PublicUrl(signed) => {
                return write!(
                    f,
                    "it was signed for {signed}, where it arrived, but the gateway's `public_url` \
                     is another"
                );
            }
            Self::Scheme(signed) => {
                return write!(f, "it was signed for {signed}://, but sent to another scheme");
            }
            Self::Host(signed) => return write!(f, "it was signed for the host {signed}"),
            Self::HostCase(signed) => {
                return write!(
                    f,
                    "it was signed for {signed} with upper-case letters; a host is signed in lower \
                     case"
                );
            }
            Self::Port(Some(signed)) => return write!(f, "it was signed for the port {signed}"),
            Self::Port(None) => "it was signed without a port",
            Self::Slash(true) => "it was signed with a trailing slash, and sent without",
            Self::Slash(false) => "it was signed without a trailing slash, and sent with one",
            Self::Path(signed) if signed.is_empty() => "it was signed without a path",
            Self::Path(signed) => return write!(f, "it was signed for the path {signed}"),
            Self::Address(signed) => return write!(f, "it was signed for {signed}"),
            Self::AddressOfTool(tool) => {
                return write!(f, "it was signed for the launch URL of the tool {tool}");
            }
            Self::QueryLeftOut => "the query of the launch URL was not signed",
            Self::QueryInAddress => "the query of the launch URL was signed as a part of the URL",
            Self::QueryTwice => "the query of the launch URL was signed twice and sent once",
            Self::QueryEscaped => "the query of the launch URL was signed without decoding it",
            Self::HttpMethod => "it was signed for GET and sent with POST",
            Self::UnsignedParameter(names) => return write!(f, "sent, but not signed: {names}"),
            Self::ParameterNotSent(name) => return write!(f, "signed, but not sent: {name}"),
            Self::EmptyValues => "parameters without a value were sent, but not signed",
            Self::Trimmed => "values were signed without their leading and trailing spaces",
            Self::LineBreaks(signed) => {
                return write!(f, "line breaks were signed as {signed}, but sent in another form");
            }
            Self::HtmlEntities(true) => {
                "values were signed with HTML entities (&amp; for &), and sent without"
            }
            Self::HtmlEntities(false) => {
                "values were sent with HTML entities (&amp; for &), and signed without"
            }
            Self::Charset => "values were signed in ISO-8859-1, and sent in UTF-8",
            Self::FormCharset => "the form was sent in ISO-8859-1, and signed in UTF-8",
            Self::OneOfEach => "a parameter was sent several times, and signed once",
            Self::Order => "the parameters were signed in another order than RFC 5849 requires",
            Self::PlusForSpace => "spaces were signed as +, and not as %20",
            Self::Unescaped(characters) => {
                return write!(f, "signed without percent-encoding: {characters}");
            }
            Self::Tilde => "~ was signed as %7E",
            Self::LowerCaseEscapes => "escapes were signed in lower case (%2f for %2F)",
            Self::EscapedTwice => "values were percent-encoded once too often before signing",
            Self::NotEscaped => "values were signed without percent-encoding",
            Self::KeyEscaped => "the consumer key was signed percent-encoded",
            Self::KeyOfTool(tool) => return write!(f, "the key belongs to the tool {tool}"),
            Self::KeySpelling(key) => {
                return write!(f, "the key differs from \"{key}\" only in case or whitespace");
            }
            Self::SecretAsKey => "the consumer key contains a secret",
            Self::SecretWhiteSpace => {
                "the secret is right except for leading or trailing whitespace"
            }
            Self::SecretQuotes => "the secret is right except for quotes",
            Self::SecretCase => "the secret is right except for upper and lower case",
            Self::SecretNotEscaped => {
                "the secret is right, but the platform did not percent-encode it for signing"
            }
            Self::SecretEscaped => "the secret was percent-encoded once too often",
            Self::SecretAmpersand => "the secret is right, but was signed without a final &",
            Self::SecretEmpty => "it was signed with an empty secret",
            Self::KeyAsSecret => "it was signed with the key instead of the secret",
            Self::PassportAsSecret => {
                "it was signed with key and secret together instead of the secret"
            }
            Self::SecretOfConsumer(key) => {
                return write!(f, "it was signed with the secret of the consumer \"{key}\"");
            }
            Self::SecretOfTool(tool) => {
                return write!(f, "it was signed with a secret of the tool {tool}");
            }
            Self::SecretReplaced(name) => {
                return write!(f, "it was signed with the secret of {name}");
            }
            Self::SignatureMethod(method) => {
                return write!(f, "it was signed with {}, but names another method", method.name());
            }
            Self::SignatureText(text) => return write!(f, "the signature is right, but {text}"),
        };
        f.write_str(fact)
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
            Self::BlankForPlus => "each + became a space",
            Self::WhiteSpace => "has leading or trailing whitespace",
            Self::Hexadecimal => "was sent in hexadecimal",
            Self::EscapedTwice => "was percent-encoded once too often",
            Self::UrlSafe => "was sent in URL-safe base64, or without the final =",
        })
    }
}
