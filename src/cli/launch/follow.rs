//! Sends a signed launch and follows its redirects, as a browser does.

use std::process::ExitCode;

use reqwest::header::{CONTENT_TYPE, COOKIE, HeaderMap, LOCATION, SET_COOKIE};
use reqwest::{Client, Response, StatusCode, Url};

use super::signed::SignedLaunch;
use crate::cause::message_chain;
use crate::cli::limit::{REDIRECTS, RESPONSE_TIMEOUT, SHOWN_MIB};
use crate::cli::message::no_certificates;
use crate::cli::terminal::{complain, harmless, harmless_lines, say};
use crate::platform::client;

/// Sends a launch, follows its redirects to the tool, and prints each step.
pub(super) fn follow(signed: &SignedLaunch) -> ExitCode {
    let client = match client(signed.url.scheme() == "https") {
        Ok(client) => client.timeout(RESPONSE_TIMEOUT).build(),
        Err(why) => {
            complain(&no_certificates(&why));
            return ExitCode::from(2);
        }
    };
    let followed = match client {
        Ok(client) => {
            rocket::execute(Browser { client, cookies: signed.cookies.clone() }.follow(signed))
        }
        Err(error) => Err(message_chain(&error)),
    };
    followed.unwrap_or_else(|why| {
        complain(&format!(
            "error: no response from {}: {why}\n  \
             = help: start the gateway there, or name another with --url\n",
            signed.url
        ));
        ExitCode::from(2)
    })
}

/// The state of a browser during a launch.
struct Browser {
    client: Client,
    /// Names and values. All are of the launch's own origin: redirects to others are not followed.
    cookies: Vec<(String, String)>,
}

impl Browser {
    async fn follow(&mut self, signed: &SignedLaunch) -> Result<ExitCode, String> {
        step(&format!("POST {}\n", shown(&signed.url)));
        let form = "application/x-www-form-urlencoded";
        let request = self.client.post(signed.url.clone()).header(CONTENT_TYPE, form);
        let request = match cookie_header(&self.cookies) {
            Some(cookies) => request.header(COOKIE, cookies),
            None => request,
        };
        let sent = request.body(signed.body.clone()).send().await.map_err(without_url)?;
        let status = sent.status();
        if !matches!(status, StatusCode::OK | StatusCode::SEE_OTHER) {
            self.show(sent).await?;
            complain(&format!(
                "error: the launch was rejected, or this is not a gateway (status {})\n  \
                 = help: find the reference of the page in the gateway's log: \
                 its line has the reason\n",
                status.as_u16()
            ));
            return Ok(ExitCode::from(1));
        }
        let mut at = signed.url.clone();
        let mut response = sent;
        for _ in 0..REDIRECTS {
            let Some(next) = next(&at, &response) else { break };
            self.keep(response.headers());
            step(&format!("{}\n\n", line(&response)));
            if next.origin() != signed.url.origin() {
                step(&format!(
                    "The redirect leads to another host and is not followed: {}\n",
                    shown(&next)
                ));
                return Ok(ExitCode::SUCCESS);
            }
            step(&format!("GET {}\n", shown(&next)));
            response = self.get(&next).await.map_err(without_url)?;
            at = next;
        }
        let status = response.status();
        self.show(response).await?;
        if status.is_client_error() || status.is_server_error() || status.is_redirection() {
            complain(&format!(
                "error: the launch was accepted, but the last response has status {}\n",
                status.as_u16()
            ));
            return Ok(ExitCode::from(1));
        }
        Ok(ExitCode::SUCCESS)
    }

    async fn get(&self, url: &Url) -> reqwest::Result<Response> {
        let request = self.client.get(url.clone());
        match cookie_header(&self.cookies) {
            Some(cookies) => request.header(COOKIE, cookies).send().await,
            None => request.send().await,
        }
    }

    fn keep(&mut self, headers: &HeaderMap) {
        keep(&mut self.cookies, headers);
    }

    /// Prints a response with its body, if the body is text.
    async fn show(&self, mut response: Response) -> Result<(), String> {
        const LARGEST_BODY: usize = SHOWN_MIB * 1024 * 1024;
        step(&format!("{}\n", line(&response)));
        let text = media_type(&response).is_none_or(|media_type| {
            media_type.starts_with("text/")
                || ["json", "xml", "javascript"].iter().any(|kind| media_type.contains(kind))
        });
        let mut body = Vec::new();
        let mut whole = true;
        while let Some(piece) = response.chunk().await.map_err(without_url)? {
            body.extend_from_slice(&piece);
            if body.len() > LARGEST_BODY {
                body.truncate(LARGEST_BODY);
                whole = false;
                break;
            }
        }
        if text {
            let text = harmless_lines(&String::from_utf8_lossy(&body));
            say(&format!("\n{}\n", text.trim_end()));
        } else {
            say(&format!("\n({} bytes, not text)\n", body.len()));
        }
        if !whole {
            say(&format!("(cut off after {SHOWN_MIB} MiB)\n"));
        }
        Ok(())
    }
}

/// The `Cookie` header with these cookies; `None` without any.
pub(super) fn cookie_header(cookies: &[(String, String)]) -> Option<String> {
    let pairs: Vec<String> =
        cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
    (!pairs.is_empty()).then(|| pairs.join("; "))
}

/// Stores the cookies of a response.
pub(super) fn keep(cookies: &mut Vec<(String, String)>, headers: &HeaderMap) {
    for cookie in headers.get_all(SET_COOKIE).iter().filter_map(|cookie| cookie.to_str().ok()) {
        let pair = cookie.split(';').next().and_then(|pair| pair.split_once('='));
        let Some((name, value)) = pair else { continue };
        cookies.retain(|(known, _)| known != name.trim());
        cookies.push((name.trim().to_owned(), value.trim().to_owned()));
    }
}

/// Prints one step.
pub(super) fn step(text: &str) {
    say(&harmless_lines(text));
}

/// Status and media type of a response.
pub(super) fn line(response: &Response) -> String {
    let media_type = media_type(response).map(|media_type| format!(", {}", harmless(&media_type)));
    format!("{}{}", response.status(), media_type.unwrap_or_default())
}

fn media_type(response: &Response) -> Option<String> {
    response
        .headers()
        .get(CONTENT_TYPE)
        .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
}

/// The target of a redirect.
pub(super) fn next(at: &Url, response: &Response) -> Option<Url> {
    if !response.status().is_redirection() {
        return None;
    }
    let location = response.headers().get(LOCATION)?;
    at.join(std::str::from_utf8(location.as_bytes()).ok()?).ok()
}

/// A URL without its query, which may contain a ticket.
pub(super) fn shown(url: &Url) -> String {
    let mut shown = url.clone();
    shown.set_query(url.query().map(|_| "…"));
    shown.as_str().replace("%E2%80%A6", "…")
}

/// The reason for a missing response, without the URL.
pub(super) fn without_url(error: reqwest::Error) -> String {
    message_chain(&error.without_url())
}
