//! `POST /dev/token`: a browser sends the token of `/dev`.

use rocket::form::Form;
use rocket::http::Header;
use rocket::{FromForm, Response, post};

use super::gate::{DevRefusal, SendingPage};
use crate::web::dev_token::{COOKIE, LIFETIME, TokenError};
use crate::web::gateway::Gateway;
use crate::web::page::see_other;
use crate::web::refusal::Refusal;

/// The form of the page that asks for the token.
#[derive(FromForm)]
pub(super) struct TokenForm<'r> {
    token: &'r str,
}

/// A browser with a valid cookie.
pub(super) struct Admitted(Response<'static>);

impl<'r> rocket::response::Responder<'r, 'static> for Admitted {
    fn respond_to(self, _: &'r rocket::Request<'_>) -> rocket::response::Result<'static> {
        Ok(self.0)
    }
}

/// Exchanges the token for a cookie. The token is in the body: logs and histories contain URLs.
#[post("/dev/token", data = "<form>")]
pub(super) fn token(
    gateway: &Gateway,
    page: SendingPage,
    form: Option<Form<TokenForm<'_>>>,
) -> Result<Admitted, DevRefusal> {
    page.check()?;
    let token = gateway.dev_process.token().ok_or(Refusal::NoTool)?;
    let sent = form.as_ref().map_or("", |form| form.token.trim());
    let redeemed = token.redeem(sent, gateway.clock.now_in_millis());
    let value = redeemed.map_err(|error| match error {
        TokenError::Wrong => Refusal::WrongToken,
        TokenError::TooMany => Refusal::TooManyTokens,
    })?;
    let mut response = see_other("/dev".to_owned());
    response.set_header(Header::new(
        "Set-Cookie",
        format!(
            "{COOKIE}={value}; Path=/dev; Max-Age={LIFETIME}; Secure; HttpOnly; SameSite=Strict"
        ),
    ));
    Ok(Admitted(response))
}
