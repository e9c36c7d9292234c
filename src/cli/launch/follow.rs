//! Sends a signed launch and follows its redirects, as a browser does.

use std::process::ExitCode;

use reqwest::header::{CONTENT_TYPE, COOKIE, HeaderMap, LOCATION, SET_COOKIE};
use reqwest::{Client, Response, StatusCode, Url};

use super::sign::SignedLaunch;
use crate::cause::message_chain;
use crate::cli::limit::{REDIRECTS, RESPONSE_TIMEOUT, SHOWN_MIB};
use crate::cli::message::no_certificates;
use crate::cli::terminal::{harmless, harmless_lines, say};
use crate::platform::client;

/// Sends a launch and follows it to the tool, telling each step.
pub(super) fn follow(signed: &SignedLaunch) -> ExitCode {
    let client = match client(signed.url.scheme() == "https") {
        Ok(client) => client.timeout(RESPONSE_TIMEOUT).build(),
        Err(why) => {
            eprint!("{}", no_certificates(&why));
            return ExitCode::from(2);
        }
    };
    let followed = match client {
        Ok(client) => rocket::execute(Browser { client, cookies: Vec::new() }.follow(signed)),
        Err(error) => Err(message_chain(&error)),
    };
    followed.unwrap_or_else(|why| {
        eprintln!("error: {} did not answer: {why}", signed.url);
        eprintln!("  = help: see that the gateway runs there, or name another with --url");
        ExitCode::from(2)
    })
}

/// What a browser keeps between a launch and the page that it leads to.
struct Browser {
    client: Client,
    /// Names and values. All of them are of the launch's own origin, which is never left.
    cookies: Vec<(String, String)>,
}

impl Browser {
    async fn follow(&mut self, signed: &SignedLaunch) -> Result<ExitCode, String> {
        tell(&format!("POST {}\n", shown(&signed.url)));
        let form = "application/x-www-form-urlencoded";
        let request = self.client.post(signed.url.clone()).header(CONTENT_TYPE, form);
        let sent = request.body(signed.body.clone()).send().await.map_err(told)?;
        let status = sent.status();
        if !matches!(status, StatusCode::OK | StatusCode::SEE_OTHER) {
            self.show(sent).await?;
            eprintln!(
                "error: the launch was refused, or answered by what is no gateway ({})",
                status.as_u16()
            );
            eprintln!(
                "  = help: a line in the gateway's log has the reason, under the reference on the page"
            );
            return Ok(ExitCode::from(1));
        }
        let mut at = signed.url.clone();
        let mut answer = sent;
        for _ in 0..REDIRECTS {
            let Some(next) = next(&at, &answer) else { break };
            self.keep(answer.headers());
            tell(&format!("{}\n\n", line(&answer)));
            if next.origin() != signed.url.origin() {
                tell(&format!(
                    "It leads to another host, which is not followed: {}\n",
                    shown(&next)
                ));
                return Ok(ExitCode::SUCCESS);
            }
            tell(&format!("GET {}\n", shown(&next)));
            answer = self.get(&next).await.map_err(told)?;
            at = next;
        }
        let status = answer.status();
        self.show(answer).await?;
        if status.is_client_error() || status.is_server_error() || status.is_redirection() {
            eprintln!(
                "error: the launch was accepted, and led to an answer with status {}",
                status.as_u16()
            );
            return Ok(ExitCode::from(1));
        }
        Ok(ExitCode::SUCCESS)
    }

    async fn get(&self, url: &Url) -> reqwest::Result<Response> {
        let cookies: Vec<String> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = self.client.get(url.clone());
        let request =
            if cookies.is_empty() { request } else { request.header(COOKIE, cookies.join("; ")) };
        request.send().await
    }

    fn keep(&mut self, headers: &HeaderMap) {
        for cookie in headers.get_all(SET_COOKIE).iter().filter_map(|cookie| cookie.to_str().ok()) {
            let pair = cookie.split(';').next().and_then(|pair| pair.split_once('='));
            let Some((name, value)) = pair else { continue };
            self.cookies.retain(|(known, _)| known != name.trim());
            self.cookies.push((name.trim().to_owned(), value.trim().to_owned()));
        }
    }

    /// Shows an answer with its body, as far as that is text.
    async fn show(&self, mut answer: Response) -> Result<(), String> {
        const LARGEST_BODY: usize = SHOWN_MIB * 1024 * 1024;
        tell(&format!("{}\n", line(&answer)));
        let text = media_type(&answer).is_none_or(|media_type| {
            media_type.starts_with("text/")
                || ["json", "xml", "javascript"].iter().any(|kind| media_type.contains(kind))
        });
        let mut body = Vec::new();
        let mut whole = true;
        while let Some(piece) = answer.chunk().await.map_err(told)? {
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
            say(&format!("\n({} bytes that are no text)\n", body.len()));
        }
        if !whole {
            say(&format!("(cut off after {SHOWN_MIB} MiB)\n"));
        }
        Ok(())
    }
}

/// A step on the way, on one line each.
fn tell(step: &str) {
    say(&harmless_lines(step));
}

/// Status and type of an answer.
fn line(answer: &Response) -> String {
    let media_type = media_type(answer).map(|media_type| format!(", {}", harmless(&media_type)));
    format!("{}{}", answer.status(), media_type.unwrap_or_default())
}

fn media_type(answer: &Response) -> Option<String> {
    answer
        .headers()
        .get(CONTENT_TYPE)
        .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
}

/// Where an answer leads, with a GET.
fn next(at: &Url, answer: &Response) -> Option<Url> {
    if !answer.status().is_redirection() {
        return None;
    }
    let location = answer.headers().get(LOCATION)?;
    at.join(std::str::from_utf8(location.as_bytes()).ok()?).ok()
}

/// An address without its query, which may hold a ticket.
fn shown(url: &Url) -> String {
    let mut shown = url.clone();
    shown.set_query(url.query().map(|_| "…"));
    shown.as_str().replace("%E2%80%A6", "…")
}

/// Why there was no answer. The address is told beside it.
fn told(error: reqwest::Error) -> String {
    message_chain(&error.without_url())
}
