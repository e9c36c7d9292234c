//! The login: the platform's first request, and our redirect back.

use std::fmt;

use super::login_fault::{LONGEST_LOGIN, LoginFault};
use super::platform::{Client, TrustedPlatform};
use crate::oauth1::Params;
use crate::oauth1::encode::encode_into;
use crate::rejection::Rejection;
use crate::sender::{ClientId, DeploymentId, PlatformName};

/// A login request of a platform (OpenID Connect Core §4, 1EdTech security framework §5.1.1.1).
///
/// `Debug` shows only issuer and client, because hints identify a person.
#[non_exhaustive]
pub struct LoginRequest {
    /// `iss`.
    pub issuer: String,
    /// `login_hint`.
    pub login_hint: String,
    /// `target_link_uri`.
    pub target_link_uri: String,
    /// `lti_message_hint`, byte for byte.
    pub message_hint: Option<String>,
    /// `client_id`.
    pub client_id: Option<ClientId>,
    /// `lti_deployment_id`, or Canvas's `deployment_id`.
    pub deployment_id: Option<DeploymentId>,
    /// `lti_storage_target`: the name of the frame that stores values for us.
    pub storage_target: Option<String>,
}

impl LoginRequest {
    /// Reads the parameters of a query or form. Unknown parameters do not count.
    ///
    /// # Errors
    /// [`Rejection::MalformedLogin`].
    pub fn read(params: &Params) -> Result<Self, Rejection> {
        let value = |name: &'static str| -> Result<Option<&str>, LoginFault> {
            let mut values = params.iter().filter(|param| param.name == name);
            let first = values.next().map(|param| param.value);
            if values.next().is_some() { Err(LoginFault::Repeated(name)) } else { Ok(first) }
        };
        let optional = |name| Ok(value(name)?.filter(|value| !value.is_empty()));
        let required = |name| optional(name)?.ok_or(LoginFault::Missing(name));
        let read = || {
            let login = Self {
                issuer: required("iss")?.to_owned(),
                login_hint: required("login_hint")?.to_owned(),
                target_link_uri: required("target_link_uri")?.to_owned(),
                message_hint: value("lti_message_hint")?.map(str::to_owned),
                client_id: optional("client_id")?.map(ClientId::from),
                deployment_id: optional("lti_deployment_id")?
                    .or(optional("deployment_id")?)
                    .map(DeploymentId::from),
                storage_target: optional("lti_storage_target")?.map(str::to_owned),
            };
            if login.length() > LONGEST_LOGIN { Err(LoginFault::TooLong) } else { Ok(login) }
        };
        read().map_err(Rejection::MalformedLogin)
    }

    /// The length of all values.
    fn length(&self) -> usize {
        let optional = [
            self.message_hint.as_deref(),
            self.client_id.as_ref().map(ClientId::as_str),
            self.deployment_id.as_ref().map(DeploymentId::as_str),
            self.storage_target.as_deref(),
        ];
        let required = [&*self.issuer, &*self.login_hint, &*self.target_link_uri];
        let values = required.into_iter().chain(optional.into_iter().flatten());
        values.map(str::len).fold(0, usize::saturating_add)
    }
}

impl fmt::Debug for LoginRequest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("LoginRequest")
            .field("issuer", &self.issuer)
            .field("client_id", &self.client_id)
            .finish_non_exhaustive()
    }
}

/// Finds the platform and client of a login among all platforms. `is_allowed` shows whether the
/// tool names a platform.
///
/// A login without a client has the only client of its issuer. If there are several, its deployment
/// may leave one.
///
/// # Errors
/// [`Rejection::UnknownPlatform`], [`Rejection::PlatformNotAllowed`] or
/// [`Rejection::SeveralClients`].
pub fn find_client<'a>(
    login: &LoginRequest,
    platforms: &'a [TrustedPlatform],
    is_allowed: impl Fn(&PlatformName) -> bool,
) -> Result<(&'a TrustedPlatform, &'a Client), Rejection> {
    let is_client =
        |client: &Client| login.client_id.as_ref().is_none_or(|wanted| *wanted == client.id);
    let of_issuer = platforms.iter().filter(|platform| platform.issuer == login.issuer);
    let known: Vec<_> = of_issuer
        .flat_map(|platform| platform.clients.iter().map(move |client| (platform, client)))
        .filter(|(_, client)| is_client(client))
        .collect();
    let Some((first, _)) = known.first() else {
        return Err(unknown_platform(login, platforms));
    };
    let mut allowed = known.clone();
    allowed.retain(|(platform, _)| is_allowed(&platform.name));
    if allowed.len() > 1
        && let Some(deployment) = &login.deployment_id
    {
        allowed.retain(|(_, client)| client.allows(deployment.as_str()));
    }
    match allowed.as_slice() {
        [] if known.iter().any(|(platform, _)| is_allowed(&platform.name)) => {
            Err(Rejection::UnknownDeployment(
                login.deployment_id.as_ref().map(|id| Rejection::quote(id.as_str())),
            ))
        }
        [] => Err(Rejection::PlatformNotAllowed(first.name.clone())),
        [only] => Ok(*only),
        several => Err(Rejection::SeveralClients(several.len())),
    }
}

/// The rejection of a login from an unknown platform, with the platform that its author may mean.
fn unknown_platform(login: &LoginRequest, platforms: &[TrustedPlatform]) -> Rejection {
    let similar = |issuer: &str| {
        let lower = issuer.to_ascii_lowercase();
        let host = lower.split_once("://").map_or(lower.as_str(), |(_, host)| host);
        host.trim_end_matches('/').to_owned()
    };
    let issuer = similar(&login.issuer);
    let near = platforms.iter().find(|platform| similar(&platform.issuer) == issuer);
    Rejection::UnknownPlatform {
        issuer: Rejection::quote(&login.issuer),
        client: login
            .client_id
            .as_ref()
            .map_or_else(|| "(none)".to_owned(), |client| Rejection::quote(client.as_str())),
        near: near.map(|platform| platform.name.clone()),
    }
}

/// The request that the browser carries to the platform (OpenID Connect Core §3.1.2.1).
#[derive(Clone, Copy)]
pub struct AuthenticationRequest<'a> {
    /// The platform's URL.
    pub auth_url: &'a str,
    /// Our client.
    pub client_id: &'a ClientId,
    /// The URL to which the platform posts the token.
    pub redirect_uri: &'a str,
    /// `login_hint` of the login.
    pub login_hint: &'a str,
    /// `lti_message_hint` of the login.
    pub message_hint: Option<&'a str>,
    /// Our sealed state.
    pub state: &'a str,
    /// A random string that the token repeats.
    pub nonce: &'a str,
}

impl AuthenticationRequest<'_> {
    /// The URL of the redirect. It keeps the query of `auth_url`.
    pub fn url(&self) -> String {
        let params = [
            ("scope", Some("openid")),
            ("response_type", Some("id_token")),
            ("response_mode", Some("form_post")),
            ("prompt", Some("none")),
            ("client_id", Some(self.client_id.as_str())),
            ("redirect_uri", Some(self.redirect_uri)),
            ("login_hint", Some(self.login_hint)),
            ("lti_message_hint", self.message_hint),
            ("state", Some(self.state)),
            ("nonce", Some(self.nonce)),
        ];
        let mut url = self.auth_url.to_owned();
        let mut separator = match url.split_once('?') {
            None => "?",
            Some((_, query)) if query.is_empty() || query.ends_with('&') => "",
            Some(_) => "&",
        };
        for (name, value) in params {
            if let Some(value) = value {
                url.push_str(separator);
                url.push_str(name);
                url.push('=');
                encode_into(value, &mut url);
                separator = "&";
            }
        }
        url
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::jose::Algorithms;
    use crate::oauth1::Source;

    fn read(query: &str) -> Result<LoginRequest, Rejection> {
        let params = Params::default().read_form(Source::Query, query.as_bytes());
        LoginRequest::read(&params.expect("well formed"))
    }

    const LOGIN: &str = "iss=https%3A%2F%2Flms.example&login_hint=7&\
                         target_link_uri=https%3A%2F%2Ftools.example%2Flti%2Fnb";

    // Checklist F1.i 150.
    #[test]
    fn a_login_has_each_required_parameter_once() {
        let check = |query: &str, expected: LoginFault| {
            assert_eq!(read(query).err(), Some(Rejection::MalformedLogin(expected)), "{query}");
        };
        assert!(read(LOGIN).is_ok());
        for (name, renamed) in [("iss", "x="), ("login_hint", "x="), ("target_link_uri", "x=")] {
            check(&LOGIN.replace(&format!("{name}="), renamed), LoginFault::Missing(name));
            check(&format!("{LOGIN}&{name}=x"), LoginFault::Repeated(name));
        }
        check("iss=x&login_hint=&target_link_uri=x", LoginFault::Missing("login_hint"));
        check(&format!("{LOGIN}&client_id=a&client_id=a"), LoginFault::Repeated("client_id"));
        check(&format!("{LOGIN}&lti_message_hint={}", "x".repeat(4096)), LoginFault::TooLong);
        assert!(read(&format!("{LOGIN}&other={}&other=", "x".repeat(8192))).is_ok());
    }

    #[test]
    fn optional_parameters_are_read_as_each_platform_sends_them() {
        let read = |query: &str| read(&format!("{LOGIN}{query}")).expect("a login");
        let canvas = read("&client_id=1&deployment_id=2%3Aa&lti_storage_target=_parent");
        assert_eq!(canvas.deployment_id, Some("2:a".into()));
        assert_eq!(canvas.storage_target.as_deref(), Some("_parent"));
        let moodle = read("&lti_deployment_id=3&lti_message_hint=%7B%22cmid%22%3A5%7D");
        assert_eq!(moodle.deployment_id, Some("3".into()));
        assert_eq!(moodle.message_hint.as_deref(), Some(r#"{"cmid":5}"#));
        let empty = read("&client_id=&lti_deployment_id=&lti_message_hint=");
        assert_eq!((empty.client_id, empty.deployment_id), (None, None));
        assert_eq!(empty.message_hint.as_deref(), Some(""));
        assert!(!format!("{canvas:?}").contains("_parent"));
    }

    fn platform(name: &str, issuer: &str, clients: &[(&str, Option<&[&str]>)]) -> TrustedPlatform {
        let client = |(id, deployments): &(&str, Option<&[&str]>)| Client {
            id: (*id).into(),
            jwks_url: "https://lms.example/jwks".to_owned(),
            deployments: deployments.map(|ids| ids.iter().map(|id| (*id).into()).collect()),
        };
        TrustedPlatform {
            name: name.into(),
            issuer: issuer.to_owned(),
            auth_url: "https://lms.example/auth".to_owned(),
            algorithms: Algorithms::default(),
            anonymous: false,
            clients: clients.iter().map(client).collect(),
            formerly: Vec::new(),
            keeps_ids: false,
        }
    }

    // Checklist F1.i 151.
    #[test]
    fn a_login_finds_its_client_among_the_platforms_of_the_tool() {
        let platforms = [
            platform("one", "https://lms.example", &[("c-1", None)]),
            platform("cloud", "https://cloud.example", &[("a", Some(&["1"])), ("b", Some(&["2"]))]),
            platform("cloud2", "https://cloud.example", &[("c", Some(&["2"]))]),
            platform("setup", "https://setup.example", &[]),
            platform("closed", "https://closed.example", &[("x", None)]),
        ];
        let find = |issuer: &str, query: &str| {
            let login = format!("iss={issuer}&login_hint=1&target_link_uri=x{query}");
            let login = read(&login).expect("a login");
            find_client(&login, &platforms, |name| name.as_str() != "closed")
                .map(|(platform, client)| format!("{} {}", platform.name, client.id))
        };
        let found = |issuer: &str, query: &str, expected: &str| {
            assert_eq!(find(issuer, query).as_deref(), Ok(expected), "{issuer} {query}");
        };
        found("https://lms.example", "", "one c-1");
        found("https://lms.example", "&client_id=c-1", "one c-1");
        found("https://cloud.example", "&client_id=b", "cloud b");
        found("https://cloud.example", "&lti_deployment_id=1", "cloud a");
        let several = |count| Err(Rejection::SeveralClients(count));
        assert_eq!(find("https://cloud.example", ""), several(3));
        assert_eq!(find("https://cloud.example", "&deployment_id=2"), several(2));
        assert_eq!(
            find("https://cloud.example", "&deployment_id=3"),
            Err(Rejection::UnknownDeployment(Some("3".to_owned())))
        );
        assert_eq!(
            find("https://closed.example", "&client_id=x"),
            Err(Rejection::PlatformNotAllowed("closed".into()))
        );
        let unknown = |issuer: &str, client: &str, near: Option<&str>| {
            Err(Rejection::UnknownPlatform {
                issuer: issuer.to_owned(),
                client: client.to_owned(),
                near: near.map(PlatformName::from),
            })
        };
        assert_eq!(
            find("http://LMS.example/", ""),
            unknown("http://LMS.example/", "(none)", Some("one"))
        );
        assert_eq!(
            find("https://lms.example", "&client_id=c-2"),
            unknown("https://lms.example", "c-2", Some("one"))
        );
        assert_eq!(
            find("https://other.example", "&client_id=c"),
            unknown("https://other.example", "c", None)
        );
        assert_eq!(
            find("https://setup.example", ""),
            unknown("https://setup.example", "(none)", Some("setup"))
        );
        let fact = find("http://lms.example", "").expect_err("unknown").to_string();
        assert_eq!(
            fact,
            "no platform has the issuer \"http://lms.example\" and the client \"(none)\"; the \
             nearest is one"
        );
    }

    // Checklist F1.i 149 and 152.
    #[test]
    fn the_redirect_has_exactly_the_parameters_of_the_standard() {
        let client_id = ClientId::from("c 1");
        let request = |auth_url, message_hint| AuthenticationRequest {
            auth_url,
            client_id: &client_id,
            redirect_uri: "https://tools.example/lti/nb",
            login_hint: "7",
            message_hint,
            state: "s-1",
            nonce: "n-1",
        };
        assert_eq!(
            request("https://lms.example/auth", Some("a&b=c+d%20")).url(),
            "https://lms.example/auth?scope=openid&response_type=id_token&response_mode=form_post\
             &prompt=none&client_id=c%201&redirect_uri=https%3A%2F%2Ftools.example%2Flti%2Fnb\
             &login_hint=7&lti_message_hint=a%26b%3Dc%2Bd%2520&state=s-1&nonce=n-1"
        );
        let check = |auth_url: &'static str, start: &str| {
            let url = request(auth_url, None).url();
            assert!(url.starts_with(start) && !url.contains("lti_message_hint"), "{url}");
        };
        check("https://lms.example/auth?a=b", "https://lms.example/auth?a=b&scope=openid&");
        check("https://lms.example/auth?", "https://lms.example/auth?scope=openid&");
    }

    proptest! {
        #[test]
        fn hints_reach_the_platform_unchanged(login_hint in ".{1,40}", message_hint in ".{0,80}") {
            let encode = crate::oauth1::encode::encode;
            let login = read(&format!(
                "iss=x&target_link_uri=x&login_hint={}&lti_message_hint={}",
                encode(&login_hint),
                encode(&message_hint),
            ));
            let login = login.expect("a login");
            let client_id = ClientId::from("c");
            let url = AuthenticationRequest {
                auth_url: "https://lms.example/auth",
                client_id: &client_id,
                redirect_uri: "https://tools.example/lti/nb",
                login_hint: &login.login_hint,
                message_hint: login.message_hint.as_deref(),
                state: "s",
                nonce: "n",
            }
            .url();
            let query = url.split_once('?').map(|(_, query)| query).unwrap_or_default();
            let params = Params::default().read_form(Source::Query, query.as_bytes());
            let params = params.expect("a query");
            let value = |name: &str| {
                params.iter().find(|param| param.name == name).map(|param| param.value)
            };
            prop_assert_eq!(value("login_hint"), Some(login_hint.as_str()));
            prop_assert_eq!(value("lti_message_hint"), Some(message_hint.as_str()));
        }

        #[test]
        fn no_query_panics(query in any::<Vec<u8>>()) {
            if let Ok(params) = Params::default().read_form(Source::Query, &query) {
                let _ = LoginRequest::read(&params);
            }
        }
    }
}
