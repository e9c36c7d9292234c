use lti::Secret;
use lti::v1p3::LoginRequest;

use super::login_state::LoginState;
use super::pending_login::{self, LoginStep, PendingLogin};
use super::seal::{Seal, deflated};

/// The name of the parameter with a sealed login.
pub const LOGIN_PARAMETER: &str = "lti_login";
/// The lifetime of a state, in seconds.
pub const STATE_LIFETIME: u64 = 600;

/// Seals and opens logins in progress and their states. Its keys are derived from `gateway.secret`:
/// the first key seals, every key opens. So a login survives a restart and a rotation, and works in
/// every process.
pub struct Logins {
    states: Seal,
    pending: Seal,
}

impl Logins {
    /// Derives the keys from these secrets.
    pub fn new(secrets: &[Secret]) -> Self {
        Self {
            states: Seal::new(secrets, "lti-gateway login state 1"),
            pending: Seal::new(secrets, "lti-gateway pending login 1"),
        }
    }

    /// Seals a state. It opens only for this tool. `None` only without a key or without randomness.
    pub fn seal_state(&self, state: &LoginState, tool: &str) -> Option<String> {
        self.states.close(&deflated(&state.to_bytes()?), &[tool])
    }

    /// Opens the state of a login for this tool. It may have expired.
    pub fn open_state(&self, text: &str, tool: &str) -> Option<LoginState> {
        LoginState::from_bytes(&self.states.open(text, &[tool])?)
    }

    /// Seals a login that goes on with this step. `None` only without a key or without randomness.
    pub fn seal(&self, login: &LoginRequest, step: LoginStep, now: u64) -> Option<String> {
        let expires = now.saturating_add(step.lifetime());
        self.pending.close(&deflated(&pending_login::to_bytes(login, step, expires)?), &[])
    }

    /// Opens a login. It may have expired.
    pub fn open(&self, text: &str) -> Option<PendingLogin> {
        pending_login::from_bytes(&self.pending.open(text, &[])?)
    }
}

#[cfg(test)]
mod tests {
    use lti::oauth1::{Params, Source};
    use proptest::prelude::*;

    use super::super::binding::Binding;
    use super::*;

    fn logins() -> Logins {
        Logins::new(&[Secret::new("the gateway's own, of 32 characters")])
    }

    fn state(storage: Option<&str>) -> LoginState {
        LoginState {
            platform: "canvas".into(),
            client: "125900000000000123".into(),
            nonce: LoginState::nonce().expect("randomness"),
            expires: 1_700_000_600,
            binding: Binding::random().expect("randomness").hash(),
            storage: storage.map(str::to_owned),
        }
    }

    #[test]
    fn a_state_opens_only_for_its_tool() {
        let logins = logins();
        for state in [state(None), state(Some("_parent"))] {
            let sealed = logins.seal_state(&state, "notebook").expect("a state");
            assert!(sealed.len() <= 260, "{}", sealed.len());
            assert_eq!(logins.open_state(&sealed, "notebook"), Some(state));
            assert_eq!(logins.open_state(&sealed, "other"), None);
            assert!(logins.open(&sealed).is_none(), "a state is no login");
        }
    }

    #[test]
    fn a_login_keeps_every_parameter_byte_for_byte() {
        let logins = logins();
        let query = "iss=https%3A%2F%2Flms.example&login_hint=%7B%22a%22%3A%22%C3%A9%26%3D%2B%22%7D\
                     &target_link_uri=https%3A%2F%2Ftools.example%2Flti%2Fnb%3Fa%3Db&\
                     lti_message_hint=&client_id=c%201&lti_deployment_id=7&\
                     lti_storage_target=_parent";
        let params = Params::default().read_form(Source::Query, query.as_bytes()).expect("a query");
        let login = LoginRequest::read(&params).expect("a login");
        let sealed = logins.seal(&login, LoginStep::Window, 1000).expect("a login");
        let opened = logins.open(&sealed).expect("a login");
        assert_eq!((opened.step, opened.expires), (LoginStep::Window, 1600));
        let read = opened.login;
        assert_eq!(read.issuer, "https://lms.example");
        assert_eq!(read.login_hint, r#"{"a":"é&=+"}"#);
        assert_eq!(read.target_link_uri, "https://tools.example/lti/nb?a=b");
        assert_eq!(read.message_hint.as_deref(), Some(""));
        assert_eq!(read.client_id, Some("c 1".into()));
        assert_eq!(read.deployment_id, Some("7".into()));
        assert_eq!(read.storage_target.as_deref(), Some("_parent"));
        assert!(logins.open_state(&sealed, "").is_none(), "a login is no state");
        for text in ["", "x", &sealed[1..], &sealed[..sealed.len() - 1]] {
            assert!(logins.open(text).is_none(), "{text}");
        }
    }

    #[test]
    fn every_step_has_a_number_of_its_own() {
        let mut numbers = Vec::new();
        for step in LoginStep::ALL {
            assert!(!numbers.contains(&step.number()));
            numbers.push(step.number());
        }
    }

    proptest! {
        #[test]
        fn no_other_text_opens(text in "[A-Za-z0-9_-]{0,400}|.{0,60}", at in 0..200usize) {
            let logins = logins();
            prop_assert!(logins.open(&text).is_none());
            prop_assert!(logins.open_state(&text, "notebook").is_none());
            // A piece of another text in a state.
            let mut sealed = logins.seal_state(&state(None), "notebook").expect("a state");
            let end = at.saturating_add(text.len()).min(sealed.len());
            let start = at.min(end);
            let is_same = sealed[start..end] == text;
            sealed.replace_range(start..end, &text);
            prop_assert!(is_same || logins.open_state(&sealed, "notebook").is_none());
        }
    }
}
