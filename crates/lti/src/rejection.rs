use std::fmt;

use crate::check::Check;
use crate::jose::{Algorithms, MalformedToken};
use crate::oauth1::{ParamError, Params};
use crate::replay::{FullShare, LONGEST_NONCE};
use crate::role::Roles;
use crate::selection::{CLAIM_DEEP_LINKING, CONTENT_ITEM_RETURN_URL};
use crate::sender::PlatformName;
use crate::v1p3::{ClaimFault, LoginFault};

/// Declares every reason to reject a launch: one row each, with code, check, fact and advice.
///
/// A fact is a format string, or two: one for a value and one for its absence. Fact and advice can
/// use the fields of the variant.
macro_rules! rejections {
    ($(
        $(#[$doc:meta])*
        $variant:ident
            $( ( $field:ident: $type:ty ) )?
            $( { $( $(#[$member_doc:meta])* $member:ident: $member_type:ty ),+ $(,)? } )?
        => $code:literal, $check:ident,
            fact: ( $($fact:tt)+ ),
            advice: $advice:expr;
    )+) => {
        /// Why a launch is rejected: a stable code, the fact, and the advice.
        ///
        /// Fact and advice are for admins and their logs. They may quote a short part of the
        /// request, but never a signature, a secret or personal data.
        #[derive(Clone, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum Rejection {
            $(
                $(#[$doc])*
                $variant $( ($type) )? $( { $( $(#[$member_doc])* $member: $member_type, )+ } )?,
            )+
        }

        impl Rejection {
            /// The code of every rejection, in the order of `docs/rejections.md`.
            pub const CODES: &[&str] = &[$($code),+];

            /// The stable name: in logs, and a heading of `docs/rejections.md`.
            pub fn code(&self) -> &'static str {
                match self {
                    $( Self::$variant { .. } => $code, )+
                }
            }

            /// The check of the row.
            fn row_check(&self) -> Check {
                match self {
                    $( Self::$variant { .. } => Check::$check, )+
                }
            }

            /// The fix, for an admin or a course author.
            #[allow(unused_variables, reason = "most advice is the same for all values")]
            pub fn advice(&self) -> &'static str {
                match self {
                    $( Self::$variant $( ($field) )? $( { $($member),+ } )? => $advice, )+
                }
            }
        }

        impl fmt::Display for Rejection {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $( Self::$variant $( ($field) )? $( { $($member),+ } )? => {
                        write_fact!(formatter, $($fact)+)
                    } )+
                }
            }
        }
    };
}

macro_rules! write_fact {
    ($formatter:ident, $value:ident: $present:literal, else $absent:literal) => {
        match $value {
            Some($value) => write!($formatter, $present),
            None => $formatter.write_str($absent),
        }
    };
    ($formatter:ident, $($fact:tt)+) => { write!($formatter, $($fact)+) };
}

const SEND_UTF8: &str = "send an application/x-www-form-urlencoded form in UTF-8, as LTI 1.1 \
                         requires; a page of the platform in another charset causes this";
const SIGN_BY_THE_STANDARD: &str = "have the platform sign the launch as LTI 1.1 requires; look \
                                    for a proxy or a script that changes the form";
const CHECK_PRIVACY: &str = "check the tool's privacy settings in the platform: they decide which \
                             claims it sends; anonymous = true accepts launches without sub";

const SEND_RETURN_URL: &str = "serve the platform by https, so that it sends an https return URL; \
                               http is allowed for hosts named in outcome_hosts, and for \
                               loopback in development";

rejections! {
    /// A `%` in the query or body is not followed by two hexadecimal digits. Contains its byte
    /// offset.
    BrokenEscape(at: usize) => "broken-escape", Form,
        fact: ("the % at byte {at} is not followed by two hexadecimal digits"),
        advice: SEND_UTF8;

    /// The query or body is not UTF-8.
    NotUtf8 => "not-utf8", Form,
        fact: ("the form is not UTF-8"),
        advice: SEND_UTF8;

    /// More than [`Params::MAX`] parameters.
    TooManyParameters => "too-many-parameters", Form,
        fact: ("the form has more than {} parameters", Params::MAX),
        advice: "send fewer parameters: a launch has about forty";

    /// The `Authorization: OAuth` header is malformed, or there are several.
    BrokenAuthorization => "broken-authorization", Form,
        fact: ("the Authorization: OAuth header is malformed, or there are several"),
        advice: "send one OAuth header, each value percent-encoded and in quotes (RFC 5849 \
                 §3.5.1), or send the OAuth parameters in the form";

    /// The request is an LTI 1.3 login or launch, which the tool does not accept.
    Lti1p3NotConfigured => "lti-1p3-not-configured", Form,
        fact: ("LTI 1.3 is not configured for this tool"),
        advice: "register the tool in the platform as LTI 1.1, with the launch URL shown at / and \
                 the tool's key and secret";

    /// Neither key nor signature: the platform has no key and secret for this tool.
    Unsigned => "unsigned", Oauth,
        fact: ("the launch is not signed"),
        advice: "enter the tool's key and secret in the platform: without them, Moodle and others \
                 do not sign";

    /// An OAuth parameter is missing or empty. Contains its name.
    MissingOauthParameter(name: &'static str) => "missing-oauth-parameter", Oauth,
        fact: ("{name} is missing or empty"),
        advice: SIGN_BY_THE_STANDARD;

    /// The request has an OAuth parameter twice. Contains its name.
    RepeatedOauthParameter(name: String) => "repeated-oauth-parameter", Oauth,
        fact: ("{name} was sent twice"),
        advice: match name.as_str() {
            "id_token" | "state" | "error" => {
                "look for a proxy or a script that changes the form of the platform"
            }
            _ => SIGN_BY_THE_STANDARD,
        };

    /// OAuth parameters are in the URL's query, or in both body and header.
    MisplacedOauthParameters => "misplaced-oauth-parameters", Oauth,
        fact: ("OAuth parameters are in the URL, or in both body and header"),
        advice: "send all OAuth parameters in the form body, or all in one Authorization header";

    /// `oauth_version` is present and not `1.0`. Contains its value.
    OauthVersion(found: String) => "oauth-version", Oauth,
        fact: ("oauth_version is \"{found}\", not \"1.0\""),
        advice: "sign with OAuth 1.0a: register the tool as LTI 1.1";

    /// `oauth_token` is not empty. LTI does not use it.
    TokenNotAllowed => "token-not-allowed", Oauth,
        fact: ("oauth_token is not empty; LTI does not use it"),
        advice: SIGN_BY_THE_STANDARD;

    /// `oauth_timestamp` is not a whole number of seconds. Contains its value.
    MalformedTimestamp(found: String) => "malformed-timestamp", Oauth,
        fact: ("oauth_timestamp is \"{found}\", not a number of seconds"),
        advice: "send oauth_timestamp in whole seconds since 1970, not in milliseconds";

    /// `oauth_nonce` is longer than 1,024 bytes.
    NonceTooLong => "nonce-too-long", Oauth,
        fact: ("oauth_nonce is longer than {LONGEST_NONCE} bytes"),
        advice: SIGN_BY_THE_STANDARD;

    /// `oauth_signature_method` is unknown. Contains its value.
    SignatureMethod(found: String) => "signature-method", Oauth,
        fact: ("the signature method \"{found}\" is not accepted"),
        advice: "set the platform to sign with HMAC-SHA1 or HMAC-SHA256";

    /// No consumer of this tool has the key. Contains the key, unless it is overlong or contains a
    /// secret.
    UnknownConsumer(key: Option<String>) => "unknown-consumer", Consumer,
        fact: (
            key: "the tool has no consumer with the key \"{key}\"",
            else "the tool has no consumer with this key"
        ),
        advice: match key {
            None => "check key and secret in the platform (edX's LTI passport is id:key:secret); \
                     the key is not shown, because it is overlong or contains a secret",
            Some(_) => "compare the key in the platform with the tool's key in tools.toml; a key \
                        is valid for its own tool only",
        };

    /// The consumer may not sign with this method. Contains the method.
    SignatureMethodNotAllowed(method: &'static str) => "signature-method-not-allowed", Signature,
        fact: ("the consumer is not allowed to sign with {method}"),
        advice: "set the platform to a method of the consumer's signature_methods, or add this \
                 method";

    /// No secret of the consumer makes this signature over this request.
    BadSignature => "bad-signature", Signature,
        fact: ("the signature does not match"),
        advice: "compare the secret in the platform with the tool's, including leading and \
                 trailing spaces; then compare the launch URL in the platform with the one shown \
                 at /, character for character: https, host, port, trailing slash";

    /// The timestamp differs too much from the gateway's clock. Both numbers are seconds. The
    /// distance is negative for an old launch.
    Stale {
        /// Timestamp minus clock.
        distance: i64,
        /// The accepted distance.
        accepted: u64,
    } => "stale", Time,
        fact: (
            "the platform's clock is {} s {} ({accepted} s are accepted)",
            distance.unsigned_abs(),
            if *distance < 0 { "behind ours, or the form is old" } else { "ahead of ours" },
        ),
        advice: if *distance < 0 {
            "launch again from the course: the page was open for a long time; if it affects all \
             users, set the clock of the platform's server, or raise clock_skew"
        } else {
            "one of the two clocks is wrong: run `date -u` on both servers, and set the wrong one \
             by NTP; a form cannot be too new"
        };

    /// A parameter that LTI names has two different values. Contains its name.
    ConflictingParameter(name: String) => "conflicting-parameter", Parameters,
        fact: ("{name} has two different values"),
        advice: "remove it from the launch URL or from the custom parameters: a signature does not \
                 determine which of two values counts";

    /// The message is not the launch of a resource link.
    MessageType {
        /// The type in the launch.
        found: Option<String>,
        /// The accepted type.
        accepted: &'static str,
    } => "message-type", Parameters,
        fact: (
            found: "the message type is \"{found}\", not \"{accepted}\"",
            else "the message type is missing"
        ),
        advice: "add the tool as an ordinary LTI link, or select it as content; other messages \
                 are not accepted";

    /// The LTI version is not that of the protocol.
    LtiVersion {
        /// The version in the launch.
        found: Option<String>,
        /// The accepted version.
        accepted: &'static str,
    } => "lti-version", Parameters,
        fact: (
            found: "the LTI version is \"{found}\", not \"{accepted}\"",
            else "the LTI version is missing"
        ),
        advice: "register the tool with the LTI version that tools.toml configures; do not give a \
                 custom parameter the name of the version";

    /// The launch has no resource link, or its id is empty or only whitespace.
    NoResourceLink => "no-resource-link", Parameters,
        fact: ("resource_link_id is missing or empty"),
        advice: "add the tool to the course as a separate link, so that the platform sends \
                 resource_link_id";

    /// The user has no role that may launch the tool. Contains the user's roles.
    RoleNotAllowed(roles: Roles) => "role-not-allowed", Roles,
        fact: ("none of the roles {roles:?} may launch this tool"),
        advice: "add the role to the tool's roles in tools.toml, or give the user the role in the \
                 course";

    /// The user has no role that may pick links. Contains the user's roles.
    MayNotPick(roles: Roles) => "role-not-allowed", Roles,
        fact: ("none of the roles {roles:?} may pick links"),
        advice: "pick links as an instructor, administrator, teaching assistant or content \
                 developer of the course";

    /// The nonce was spent before: the form is a replay.
    Replayed => "replayed", Nonce,
        fact: ("this launch was used before"),
        advice: "launch again from the course: a launch form is valid once";

    /// The replay store has no space for the nonce, so it could not detect a replay. Contains the
    /// share that is used up.
    ReplayStoreFull(share: FullShare) => "replay-memory-full", Nonce,
        fact: ("the replay store is full for {share}"),
        advice: "wait until the oldest nonces have expired: launches arrive faster than that";

    /// The clock was set back: the replay store deleted nonces that are acceptable again, so it
    /// could not detect a replay.
    ClockSetBack => "clock-set-back", Nonce,
        fact: ("the gateway's clock was set back, so the replay store cannot detect a replay"),
        advice: "check the clock of the gateway's machine; launches are accepted again at the \
                 latest when it has passed the time that it showed before";

    /// The replay store cannot be written, so it could not detect a replay.
    ReplayStoreUnavailable => "replay-store-unavailable", Nonce,
        fact: ("the replay store cannot be written"),
        advice: "check the disk of the directory in gateway.state: space, permissions and errors";

    /// The form is of LTI 1.1 and of LTI 1.3.
    TwoProtocols => "two-protocols", Form,
        fact: ("the form has an id_token and OAuth parameters"),
        advice: "launch the tool as LTI 1.1 or as LTI 1.3, not as both";

    /// The login lacks a parameter, or is too large.
    MalformedLogin(fault: LoginFault) => "malformed-login", Form,
        fact: ("the login {fault}"),
        advice: "the login URL is for platforms: open the tool from a course";

    /// No configured platform has this issuer and client.
    UnknownPlatform {
        /// The issuer of the login.
        issuer: String,
        /// The client of the login; "(none)" if it has none.
        client: String,
        /// The configured platform with almost the same issuer, or with another client.
        near: Option<PlatformName>,
    } => "unknown-platform", Platform,
        fact: (
            "no platform has the issuer \"{issuer}\" and the client \"{client}\"{}",
            near.as_ref().map(|near| format!("; the nearest is {near}")).unwrap_or_default()
        ),
        advice: "write a [platforms] table with this issuer, character for character (http or \
                 https, trailing slash), and with this client_id";

    /// The login names no client, and several match.
    SeveralClients(count: usize) => "several-clients", Platform,
        fact: ("the login names no client, and {count} clients match"),
        advice: "have the platform send client_id, or limit the clients by deployments";

    /// The tool does not name the platform.
    PlatformNotAllowed(platform: PlatformName) => "platform-not-allowed", Platform,
        fact: ("{platform} is not in the tool's platforms"),
        advice: "add the platform to platforms of the tool";

    /// The target link is not at the tool's launch URL. Contains the link without its query.
    TargetElsewhere(target: Option<String>) => "target-elsewhere", Parameters,
        fact: (
            target: "target_link_uri \"{target}\" is not at the tool's launch URL",
            else "target_link_uri is missing"
        ),
        advice: "enter the launch URL shown at / in the platform; compare public_url with it: www, \
                 port, and http behind a proxy";

    /// The browser stores no cookie, even in a window of its own.
    CookiesBlocked => "cookies-blocked", Browser,
        fact: ("the browser stores no cookie, even in a window of its own"),
        advice: "allow cookies for the gateway's site in the browser";

    /// The platform answered the login with an error.
    PlatformError {
        /// The error code.
        error: String,
        /// The platform's message.
        message: Option<String>,
    } => "platform-error", Oauth,
        fact: (
            "the platform answered \"{error}\": \"{}\"",
            message.as_deref().unwrap_or_default()
        ),
        advice: match error.as_str() {
            "login_required" => "sign in to the platform, and open the tool again",
            "launch_no_longer_valid" => "open the tool again from the course",
            _ => "compare client_id, redirect URI and deployment in the platform with the values \
                  shown at /",
        };

    /// The form has an id_token and no state.
    NoState => "no-state", Oauth,
        fact: ("the form has an id_token and no state"),
        advice: "set the login URL in the platform: it starts each launch, and this platform \
                 skips it";

    /// The state is not ours, or is another tool's.
    BadState => "bad-state", State,
        fact: ("the state is not ours, or is another tool's"),
        advice: "open the tool again; if it affects all users, check whether the redirect URI is \
                 that of another gateway or tool, and whether gateway.secret changed";

    /// The login is too old.
    StateExpired => "state-expired", State,
        fact: ("the login is older than 10 minutes"),
        advice: "open the tool again from the course";

    /// The launch comes from another browser than the login.
    OtherBrowser => "other-browser", Browser,
        fact: ("the launch comes from another browser than the login"),
        advice: "open the tool again from the course; if it affects many users, their browsers \
                 block cookies and storage";

    /// The id_token is not a compact JWS.
    NotToken(what: MalformedToken) => "not-a-token", Token,
        fact: ("the id_token is not a compact JWS: {what}"),
        advice: "look for a proxy or a script that changes the form of the platform";

    /// The platform may not use the algorithm.
    AlgorithmNotAllowed {
        /// `alg`.
        found: Option<String>,
        /// The accepted algorithms.
        accepted: Algorithms,
    } => "algorithm", Algorithm,
        fact: (
            found: "the algorithm is \"{found}\"; accepted: {accepted}",
            else "the id_token names no algorithm"
        ),
        advice: "if the platform means it, add the algorithm to algorithms of its table; none and \
                 HS256 are never accepted";

    /// The token names no key.
    NoKeyId => "no-key-id", Key,
        fact: ("the id_token names no key (kid)"),
        advice: "check that the platform signs with a key of its keyset, and that jwks_url is \
                 its keyset; in edX, each passport has its own";

    /// The platform's keyset does not have the key.
    UnknownKeyId {
        /// `kid`.
        key_id: String,
        /// The URL of the keyset.
        url: String,
        /// The number of keys in it.
        keys: usize,
        /// The seconds since the gateway fetched it.
        age: u64,
    } => "unknown-key-id", Key,
        fact: ("the key \"{key_id}\" is not in {url} ({keys} keys, fetched {age} s ago)"),
        advice: "check jwks_url; in edX, each passport has its own";

    /// The platform's keyset cannot be fetched, and none is cached.
    PlatformKeysUnreachable {
        /// The URL of the keyset.
        url: String,
        /// The reason.
        message: String,
    } => "platform-keys-unreachable", Key,
        fact: ("the keys of the platform are out of reach at {url}: {message}"),
        advice: "make the URL reachable from the gateway; `lti-gateway platforms NAME --ask` \
                 fetches it";

    /// No key with this `kid` made the signature.
    BadTokenSignature => "bad-token-signature", Signature,
        fact: ("no key with the kid of the id_token made its signature"),
        advice: "check jwks_url: it may be the keyset of another platform; or something changed \
                 the token";

    /// The issuer is not the platform's.
    WrongIssuer {
        /// `iss`.
        found: Option<String>,
        /// The configured issuer.
        accepted: String,
    } => "wrong-issuer", Issuer,
        fact: (
            found: "the issuer is \"{found}\", not \"{accepted}\"",
            else "the issuer is missing"
        ),
        advice: "write this issuer in the platform's table, character for character";

    /// The token is for another client.
    WrongAudience {
        /// `aud`.
        found: Option<String>,
        /// `azp`, if it counts.
        authorized: Option<String>,
    } => "wrong-audience", Audience,
        fact: (
            "the audience is \"{}\" (azp: \"{}\"), not the client of the login",
            found.as_deref().unwrap_or_default(), authorized.as_deref().unwrap_or_default()
        ),
        advice: "compare client_id in the platform's table with the platform";

    /// The token has expired. Both numbers are seconds.
    TokenExpired {
        /// The time since its expiry.
        ago: u64,
        /// The accepted difference of clocks.
        accepted: u64,
    } => "token-expired", Time,
        fact: ("the id_token expired {ago} s ago ({accepted} s are accepted)"),
        advice: "open the tool again; if it affects all users, run `date -u` on both servers and \
                 set the wrong clock by NTP, or raise clock_skew";

    /// The token is not valid yet. Both numbers are seconds.
    TokenTooEarly {
        /// The time until it is valid.
        ahead: u64,
        /// The accepted difference of clocks.
        accepted: u64,
    } => "token-too-early", Time,
        fact: ("the id_token is valid in {ahead} s ({accepted} s are accepted)"),
        advice: "run `date -u` on both servers and set the wrong clock by NTP, or raise clock_skew";

    /// The token answers another login.
    WrongNonce => "wrong-nonce", Login,
        fact: ("the id_token answers another login"),
        advice: "open the tool again; if it affects many users, look for a cache between browser, \
                 platform and gateway";

    /// The client's table does not have the deployment.
    UnknownDeployment(id: Option<String>) => "unknown-deployment", Parameters,
        fact: (
            id: "the deployment \"{id}\" is not in deployments",
            else "the deployment is missing"
        ),
        advice: "add the id to deployments of the platform or client, if the launch is legitimate";

    /// A required claim is absent. Contains its name.
    MissingClaim(claim: &'static str) => "missing-claim", Parameters,
        fact: ("the claim {claim} is absent"),
        advice: match *claim {
            CLAIM_DEEP_LINKING | CONTENT_ITEM_RETURN_URL => SEND_RETURN_URL,
            _ => CHECK_PRIVACY,
        };

    /// A request for links accepts no links to tools. Contains the accepted types.
    LinksNotAccepted(types: Option<String>) => "links-not-accepted", Parameters,
        fact: (
            types: "the platform accepts \"{types}\", no links to tools",
            else "the platform accepts no links to tools"
        ),
        advice: "choose a placement for links in the platform, or open the tool where the platform \
                 adds links to a course";

    /// A required claim has another type.
    MalformedClaim {
        /// Its name.
        claim: &'static str,
        /// What it is.
        found: ClaimFault,
    } => "malformed-claim", Parameters,
        fact: ("the claim {claim} is {found}"),
        advice: match found {
            ClaimFault::NoReturnUrl => SEND_RETURN_URL,
            ClaimFault::LongData => "report it to the maker of the platform: no known platform \
                                     sends that much",
            _ => CHECK_PRIVACY,
        };
}

impl Rejection {
    /// The check that failed.
    pub fn check(&self) -> Check {
        match self {
            Self::MissingClaim("exp" | "iat" | "nbf")
            | Self::MalformedClaim { claim: "exp" | "iat" | "nbf", .. } => Check::Time,
            other => other.row_check(),
        }
    }

    /// The rejection of a target link. It contains the link without its query, which could identify
    /// a person.
    pub fn target_elsewhere(target: &str) -> Self {
        let shown = target.split(['?', '#']).next().unwrap_or_default();
        Self::TargetElsewhere(Some(Self::quote(shown)))
    }

    /// The rejection of a request for links without a usable return URL in this claim or parameter.
    pub fn no_return_url(claim: &'static str) -> Self {
        Self::MalformedClaim { claim, found: ClaimFault::NoReturnUrl }
    }

    /// The rejection of a request for links whose `data` is too long.
    pub(crate) fn long_data(claim: &'static str) -> Self {
        Self::MalformedClaim { claim, found: ClaimFault::LongData }
    }

    /// The rejection of a request for links that accepts only these types.
    pub(crate) fn links_not_accepted(types: &str) -> Self {
        Self::LinksNotAccepted(Some(types).filter(|types| !types.is_empty()).map(Self::quote))
    }

    /// Whether every rejection of this kind has the same page: those of the checks of a token from
    /// its algorithm to the nonce of the login, except malformed values.
    pub fn is_uniform(&self) -> bool {
        matches!(
            self,
            Self::AlgorithmNotAllowed { .. }
                | Self::NoKeyId
                | Self::UnknownKeyId { .. }
                | Self::BadTokenSignature
                | Self::WrongIssuer { .. }
                | Self::WrongAudience { .. }
                | Self::TokenExpired { .. }
                | Self::TokenTooEarly { .. }
                | Self::WrongNonce
        )
    }

    /// A part of the request for a message: escaped to one line, and at most 48 characters.
    pub(crate) fn quote(text: &str) -> String {
        const MOST: usize = 48;
        let mut quoted: String = text.chars().take(MOST).flat_map(char::escape_debug).collect();
        if text.chars().nth(MOST).is_some() {
            quoted.push('…');
        }
        quoted
    }
}

impl std::error::Error for Rejection {}

impl From<ParamError> for Rejection {
    fn from(error: ParamError) -> Self {
        match error {
            ParamError::BrokenEscape(at) => Self::BrokenEscape(at),
            ParamError::NotUtf8 => Self::NotUtf8,
            ParamError::TooMany => Self::TooManyParameters,
            ParamError::BrokenHeader => Self::BrokenAuthorization,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quote_is_short_and_on_one_line() {
        assert_eq!(Rejection::quote("a\r\nb\u{1b}[31m\"é"), "a\\r\\nb\\u{1b}[31m\\\"é");
        assert_eq!(Rejection::quote(&"x".repeat(49)), format!("{}…", "x".repeat(48)));
    }

    #[test]
    fn a_stale_launch_shows_the_direction_of_its_distance() {
        let stale = |distance| Rejection::Stale { distance, accepted: 300 }.to_string();
        assert!(stale(-412).starts_with("the platform's clock is 412 s behind ours"));
        assert!(stale(412).starts_with("the platform's clock is 412 s ahead of ours"));
        assert!(stale(-412).contains("the form is old") && !stale(412).contains("old"));
        let advice = |distance| Rejection::Stale { distance, accepted: 300 }.advice();
        assert!(advice(-412).starts_with("launch again from the course"));
        assert!(advice(412).starts_with("one of the two clocks is wrong"));
    }
}
