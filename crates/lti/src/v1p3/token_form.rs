use crate::lti_version::is_signed;
use crate::oauth1::{Params, Source};
use crate::rejection::Rejection;

/// The form with which a platform answers a login.
///
/// It has no `Debug`, because a token contains personal data.
pub struct TokenForm {
    /// The token. Nothing is verified.
    pub id_token: String,
    /// The state, as the gateway sent it to the platform, or as anyone wrote it.
    pub state: String,
}

impl TokenForm {
    /// Whether the body of a form answers a login: with a token, or with an error.
    pub fn is_answer(params: &Params) -> bool {
        let has = |name: &str| {
            params.iter().any(|param| param.source == Source::Body && param.name == name)
        };
        has("id_token") || has("error") && has("state")
    }

    /// Reads the form's body. The query of the URL does not count.
    ///
    /// # Errors
    /// [`Rejection::TwoProtocols`], [`Rejection::RepeatedOauthParameter`],
    /// [`Rejection::PlatformError`], [`Rejection::NoState`], or [`Rejection::NotToken`] if the form
    /// has no token.
    pub fn read(params: &Params) -> Result<Self, Rejection> {
        if is_signed(params) {
            return Err(Rejection::TwoProtocols);
        }
        let value = |name: &str| {
            let mut values =
                params.iter().filter(|param| param.source == Source::Body && param.name == name);
            let first = values.next().map(|param| param.value);
            match values.next() {
                Some(_) => Err(Rejection::RepeatedOauthParameter(name.to_owned())),
                None => Ok(first),
            }
        };
        let (id_token, state) = (value("id_token")?, value("state")?);
        if let Some(error) = value("error")? {
            let message = value("error_description")?.map(Rejection::quote);
            return Err(Rejection::PlatformError { error: Rejection::quote(error), message });
        }
        let state = state.filter(|state| !state.is_empty()).ok_or(Rejection::NoState)?;
        // Without a token, the reader of tokens explains what is missing.
        let id_token = id_token.unwrap_or_default();
        Ok(Self { id_token: id_token.to_owned(), state: state.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_or_an_error_answers_a_login() {
        let check = |query: &str, body: &str, expected: bool| {
            let params = Params::default()
                .read_form(Source::Query, query.as_bytes())
                .and_then(|params| params.read_form(Source::Body, body.as_bytes()))
                .expect("well formed");
            assert_eq!(TokenForm::is_answer(&params), expected, "{query} {body}");
        };
        check("", "id_token=&oauth_consumer_key=k", true);
        check("", "error=login_required&state=s", true);
        check("", "error=1", false);
        check("", "state=s", false);
        check("id_token=a.b.c&error=x&state=s", "user_id=1", false);
    }

    // Checklist F1.i 162 and 178.
    #[test]
    fn a_form_has_one_token_and_one_state() {
        let read = |query: &str, body: &str| {
            let params = Params::default()
                .read_form(Source::Query, query.as_bytes())
                .and_then(|params| params.read_form(Source::Body, body.as_bytes()))
                .expect("well formed");
            TokenForm::read(&params).map(|form| (form.id_token, form.state))
        };
        let ok = Ok(("a.b.c".to_owned(), "s".to_owned()));
        assert_eq!(read("", "id_token=a.b.c&state=s&scope=openid"), ok);
        assert_eq!(read("state=x&id_token=x&error=x", "id_token=a.b.c&state=s"), ok);
        assert_eq!(read("", "id_token=a.b.c&state=s&oauth_callback=about%3Ablank"), ok);
        let check = |body: &str, expected: Rejection| assert_eq!(read("", body), Err(expected));
        check("id_token=a.b.c", Rejection::NoState);
        check("id_token=a.b.c&state=", Rejection::NoState);
        for name in ["id_token", "state", "error"] {
            let repeated = Rejection::RepeatedOauthParameter(name.to_owned());
            check(&format!("id_token=a.b.c&state=s&error=e&{name}=x"), repeated.clone());
            assert!(!repeated.advice().contains("1.1"));
        }
        check("id_token=a&state=s&oauth_consumer_key=k", Rejection::TwoProtocols);
        check("id_token=a&state=s&oauth_signature=k", Rejection::TwoProtocols);
        check(
            "error=login_required&state=s",
            Rejection::PlatformError { error: "login_required".to_owned(), message: None },
        );
        let long = "x".repeat(500);
        let error =
            read("", &format!("error=e%0A&error_description={long}")).expect_err("an error");
        assert_eq!(
            error.to_string(),
            format!("the platform answered \"e\\n\": \"{}…\"", &long[..48])
        );
        assert_eq!(read("", "state=s"), Ok((String::new(), "s".to_owned())));
    }
}
