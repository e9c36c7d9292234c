use std::fmt;

/// The known cause of a signature that does not match: a mistake of the platform, of the
/// configuration, or of something in transit.
///
/// A cause is proven: the mistake yields exactly the sent signature, or the sent key matches a key
/// or a secret of the configuration. Each cause names a platform, a proxy, a library or a report
/// that makes the mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cause {
    /// Signed for the origin at which the launch arrived. The gateway verifies for another one.
    /// Contains the signed origin.
    ///
    /// Seen in: mynaparrot/plugNmeet-server#72, celtic-project/LTI-PHP#35.
    PublicUrl(String),
    /// Signed for another scheme. Contains the signed scheme.
    ///
    /// Seen in: openwebwork/webwork2#2074, INGInious/INGInious#641, jupyterhub/ltiauthenticator#4.
    Scheme(String),
    /// Signed for another host. Contains the signed host.
    ///
    /// Seen in: celtic-project/LTI-PHP#35, a redirect between two hosts.
    Host(String),
    /// Signed for the host with upper-case letters. Contains the signed host.
    ///
    /// Seen in: Moodle (`get_normalized_http_url` in mod/lti/OAuth.php), DefactoSoftware/lti#33.
    HostCase(String),
    /// Signed for another port. Contains the signed port; `None` if it was signed without.
    ///
    /// Seen in: omsmith/ims-lti#62, celtic-project/LTI-PHP#35.
    Port(Option<String>),
    /// The path was signed with a trailing slash and sent without (`true`), or the other way round.
    ///
    /// Seen in: instructure/canvas-lms#935, Moodle (mitodl/pylti#52).
    Slash(bool),
    /// Signed for another path. Contains the signed path.
    ///
    /// Seen in: celtic-project/LTI-PHP#21, RunestoneInteractive/RunestoneServer#1519.
    Path(String),
    /// Signed for a URL that differs in several parts. Contains the signed URL.
    ///
    /// Seen in: openwebwork/webwork2#1909, `http` and a port behind a proxy.
    Address(String),
    /// The query of the launch URL was not signed.
    ///
    /// Seen in: LtiLibrary/LtiLibrary#14, LtiLibrary/LtiLibrary#154.
    QueryLeftOut,
    /// The query was signed as a part of the base string URI.
    ///
    /// Seen in: DefactoSoftware/lti#18.
    QueryInAddress,
    /// The query was signed without decoding it.
    ///
    /// Seen in: DefactoSoftware/lti (`to_query_params` in lib/lti.ex).
    QueryEscaped,
    /// Parameters were sent, but not signed. Contains their names.
    ///
    /// Seen in: openwebwork/webwork2#3032 (`repost`), celtic-project/LTI-PHP (`_new_window`).
    UnsignedParameter(String),
    /// A parameter was signed, but not sent. Contains its name.
    ///
    /// Seen in: pylti/lti#46, which signs empty parameters and omits them.
    ParameterNotSent(String),
    /// Signed with other line breaks than were sent. Contains the signed ones.
    ///
    /// Seen in: openequella/openEQUELLA#3204.
    LineBreaks(LineBreak),
    /// Signed in UTF-8 and sent in ISO-8859-1.
    ///
    /// Seen in: LtiLibrary/LtiLibrary#139, 1EdTech/basiclti-util-java#16.
    FormCharset,
    /// A parameter was sent several times and signed once.
    ///
    /// Seen in: instructure/canvas-lms#600, celtic-project/LTI-PHP#36.
    OneOfEach,
    /// The parameters were not sorted as in RFC 5849.
    ///
    /// Seen in: Moodle (`oauth_helper` in lib/oauthlib.php sorts before encoding),
    /// Saltbox/wordpress-lti-consumer#21.
    Order,
    /// Spaces were signed as `+`.
    ///
    /// Seen in: Postman (postmanlabs/postman-app-support#1874).
    PlusForSpace,
    /// Characters were not percent-encoded. Contains the characters.
    ///
    /// Seen in: NDLANO/ndla-frontend (`encodeURIComponent` in oauthHelper.js).
    Unescaped(String),
    /// `~` was percent-encoded.
    ///
    /// Seen in: joestump/python-oauth2#15, request/oauth-sign#4.
    Tilde,
    /// Escapes were signed with lower-case digits.
    ///
    /// Seen in: .NET (`HttpUtility.UrlEncode`, Stack Overflow 918019).
    LowerCaseEscapes,
    /// The key belongs to another tool. Contains the tool's name.
    ///
    /// Seen in: Canvas (instructure/canvas-lms#1545), which looks a tool up by its domain.
    KeyOfTool(String),
    /// The key differs from a key of the tool only in case, or in leading or trailing whitespace.
    /// Contains the tool's key.
    ///
    /// Seen in: Moodle (VitalSource, "401 Error - Invalid Signature").
    KeySpelling(String),
    /// A secret of the configuration, or the part before its last colon, is in the place of the
    /// key.
    ///
    /// Seen in: edX (`lti_provider_key_secret` in xblock-lti-consumer), which splits a passport at
    /// its last colon.
    SecretAsKey,
    /// The secret has leading or trailing whitespace on one side only.
    ///
    /// Seen in: Ex Libris Leganto ("Failed OAuth Check"), Moodle (VitalSource, "401 Error").
    SecretWhiteSpace,
    /// The secret is in quotes on one side only.
    ///
    /// Seen in: Docker (`--env-file` keeps quotes, moby/moby#46773).
    SecretQuotes,
    /// The secret differs only in case.
    ///
    /// Seen in: VitalSource ("401 Error - Invalid Signature": an incorrectly entered secret).
    SecretCase,
    /// The platform has only the first hundred characters of the secret.
    ///
    /// Seen in: Brightspace (hypothesis/lms#258).
    SecretCut,
    /// The secret was not percent-encoded before it became the HMAC key.
    ///
    /// Seen in: omsmith/ims-lti#82, Lamb-Project/lamb#318, NDLANO/ndla-frontend (oauthHelper.js).
    SecretNotEscaped,
    /// The HMAC key is the secret without a final `&`.
    ///
    /// Seen in: Opencast's block for Moodle (Opencast-Moodle/moodle-block_opencast#144).
    SecretAmpersand,
    /// The secret belongs to another tool. Contains the tool's name.
    ///
    /// Seen in: Brightspace, which has one key for all tools and looks a secret up by domain.
    SecretOfTool(String),
    /// The secret is not, or no longer, in the configuration. Contains the admin's name for it.
    ///
    /// Seen in: hypothesis/lms#3688, sakaiproject/sakai#9225, MarkUsProject/Markus#8056.
    SecretReplaced(String),
    /// The signature is right, but its encoding is wrong or something changed it in transit.
    ///
    /// Seen in: pylti/lti#38, jrconlin/oauthsimple#34, mrjones/oauth#62.
    SignatureText(SignatureText),
}

/// A line break.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineBreak {
    /// A line feed, as in programs.
    Lf,
    /// A carriage return and a line feed, as sent by browsers.
    CrLf,
}

/// The wrong encoding of a right signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignatureText {
    /// Each `+` became a space.
    BlankForPlus,
    /// It was percent-encoded once too often.
    EscapedTwice,
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
            Self::QueryLeftOut => "query-left-out",
            Self::QueryInAddress => "query-in-address",
            Self::QueryEscaped => "query-escaped",
            Self::UnsignedParameter(_) => "unsigned-parameter",
            Self::ParameterNotSent(_) => "parameter-not-sent",
            Self::LineBreaks(_) => "line-breaks",
            Self::FormCharset => "form-charset",
            Self::OneOfEach => "one-of-each",
            Self::Order => "order",
            Self::PlusForSpace => "plus-for-space",
            Self::Unescaped(_) => "unescaped",
            Self::Tilde => "tilde",
            Self::LowerCaseEscapes => "lower-case-escapes",
            Self::KeyOfTool(_) => "key-of-tool",
            Self::KeySpelling(_) => "key-spelling",
            Self::SecretAsKey => "secret-as-key",
            Self::SecretWhiteSpace => "secret-white-space",
            Self::SecretQuotes => "secret-quotes",
            Self::SecretCase => "secret-case",
            Self::SecretCut => "secret-cut",
            Self::SecretNotEscaped => "secret-not-escaped",
            Self::SecretAmpersand => "secret-ampersand",
            Self::SecretOfTool(_) => "secret-of-tool",
            Self::SecretReplaced(_) => "secret-replaced",
            Self::SignatureText(_) => "signature-text",
        }
    }

    /// Whether the cause is a difference between two URLs. Its message then names the signed URL,
    /// or the part of it that differs, and no value of a form.
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
            Self::QueryLeftOut => {
                "remove the query from the launch URL in the platform, and send its values as \
                 custom parameters"
            }
            Self::QueryInAddress | Self::QueryEscaped => {
                "remove the query from the launch URL in the platform, which signs it wrongly, and \
                 send its values as custom parameters"
            }
            Self::UnsignedParameter(_) => {
                "have the platform sign each parameter; a submit button with a name, a script, a \
                 browser extension or a proxy adds parameters after signing"
            }
            Self::ParameterNotSent(_) => {
                "have the platform send each signed parameter; a script, a filter or a proxy drops \
                 parameters in transit"
            }
            Self::LineBreaks(_) => {
                "remove the line breaks from descriptions and custom parameters in the platform, \
                 or have it sign CR LF, as sent by browsers"
            }
            Self::FormCharset => "have the platform serve the page with the launch form as UTF-8",
            Self::OneOfEach => {
                "send each custom parameter once, and none that is also in the launch URL"
            }
            Self::Order => {
                "have the platform sort the encoded parameters by name, and then by value"
            }
            Self::PlusForSpace | Self::Unescaped(_) | Self::Tilde | Self::LowerCaseEscapes => {
                "have the platform sign with the percent-encoding of RFC 5849 §3.6 instead of that \
                 of forms or URLs; until then, avoid such characters in titles and custom \
                 parameters"
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
                 id:key:secret, and a secret with a colon does not work there"
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
            Self::SecretCut => {
                "choose a secret of at most 100 characters, in tools.toml (`secret`) and in the \
                 platform, which cuts a longer one"
            }
            Self::SecretNotEscaped => {
                "choose a secret of letters and digits only, in tools.toml (`secret`) and in the \
                 platform, which does not encode it"
            }
            Self::SecretAmpersand => {
                "have the platform sign with the secret and a final & (RFC 5849 §3.4.2); it may \
                 have a setting for an empty token"
            }
            Self::SecretOfTool(_) => "enter this tool's secret in the platform",
            Self::SecretReplaced(_) => {
                "enter the new secret in the platform; until every platform has it, list both: \
                 secret = [{ env = \"NEW\" }, { env = \"OLD\" }]"
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
            Self::QueryLeftOut => "the query of the launch URL was not signed",
            Self::QueryInAddress => "the query of the launch URL was signed as a part of the URL",
            Self::QueryEscaped => "the query of the launch URL was signed without decoding it",
            Self::UnsignedParameter(names) => return write!(f, "sent, but not signed: {names}"),
            Self::ParameterNotSent(name) => return write!(f, "signed, but not sent: {name}"),
            Self::LineBreaks(signed) => {
                return write!(f, "line breaks were signed as {signed}, but sent in another form");
            }
            Self::FormCharset => "the form was sent in ISO-8859-1, and signed in UTF-8",
            Self::OneOfEach => "a parameter was sent several times, and signed once",
            Self::Order => "the parameters were signed in another order than RFC 5849 requires",
            Self::PlusForSpace => "spaces were signed as +, and not as %20",
            Self::Unescaped(characters) => {
                return write!(f, "signed without percent-encoding: {characters}");
            }
            Self::Tilde => "~ was signed as %7E",
            Self::LowerCaseEscapes => "escapes were signed in lower case (%2f for %2F)",
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
            Self::SecretCut => "it was signed with the first 100 characters of the secret",
            Self::SecretNotEscaped => {
                "the secret is right, but the platform did not percent-encode it for signing"
            }
            Self::SecretAmpersand => "the secret is right, but was signed without a final &",
            Self::SecretOfTool(tool) => {
                return write!(f, "it was signed with a secret of the tool {tool}");
            }
            Self::SecretReplaced(name) => {
                return write!(f, "it was signed with the secret of {name}");
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
        })
    }
}

impl fmt::Display for SignatureText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BlankForPlus => "each + became a space",
            Self::EscapedTwice => "was percent-encoded once too often",
        })
    }
}
