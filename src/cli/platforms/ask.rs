//! `--ask`: asks a platform for its keys and an access token.

use std::process::ExitCode;

use crate::cli::machine::{now, random_string};
use crate::cli::message::{no_certificates, no_randomness};
use crate::cli::terminal::{complain, harmless, say};
use crate::clock::Clock;
use crate::config::{Config, Platform, PlatformClient};
use crate::platform::{
    GrantedToken, KeysetCache, OwnKeySource, PlatformError, Platforms, TokenRequest,
};

/// The scope of the requested token: that of grades, which every platform knows.
const SCOPE: &str = "https://purl.imsglobal.org/spec/lti-ags/scope/score";

/// The result of one question.
enum Answer {
    Good(String),
    Refused(String),
    Silent(String),
}

/// Asks for each client, and prints the answers. Exit code 0 if all are good, 1 if the platform
/// refused one, and 2 if it did not respond.
pub(super) fn ask(config: &Config, platform: &Platform) -> ExitCode {
    let with_tls = config.needs_certificates();
    let clients = || {
        Ok((
            Platforms::new(config.outcomes.clone(), with_tls)?,
            Platforms::new(config.outcomes.clone(), with_tls)?,
        ))
    };
    let (platforms, of_keys) = match clients() {
        Ok(clients) => clients,
        Err(error) => {
            let error: String = error;
            complain(&no_certificates(&error));
            return ExitCode::from(2);
        }
    };
    let questions = Questions {
        config,
        platform,
        platforms,
        keysets: KeysetCache::new(of_keys, Clock::new(now)),
    };
    match rocket::execute(questions.ask()) {
        Ok(code) => code,
        Err(error) => {
            complain(&no_randomness(error));
            ExitCode::from(2)
        }
    }
}

struct Questions<'a> {
    config: &'a Config,
    platform: &'a Platform,
    platforms: Platforms,
    keysets: KeysetCache,
}

impl Questions<'_> {
    async fn ask(&self) -> Result<ExitCode, getrandom::Error> {
        let mut code = 0;
        if self.platform.is_being_set_up() {
            say("\nWithout a client, there is nothing to ask.\n");
        }
        for client in &self.platform.clients {
            say(&format!("\nAsked for the client {}\n", harmless(client.id.as_str())));
            for (what, answer) in
                [("keyset", self.keyset(client).await), ("token", self.token(client).await?)]
            {
                let (text, of_answer) = match answer {
                    Answer::Good(text) => (text, 0),
                    Answer::Refused(text) => (text, 1),
                    Answer::Silent(text) => (text, 2),
                };
                say(&format!("  {what:<6}  {}\n", harmless(&text)));
                code = code.max(of_answer);
            }
        }
        Ok(ExitCode::from(code))
    }

    async fn keyset(&self, client: &PlatformClient) -> Answer {
        match self.keysets.keyset(&client.jwks_url, "").await {
            Ok(cached) => match cached.keyset.size() {
                0 => Answer::Refused("no keys".to_owned()),
                1 => Answer::Good("1 key".to_owned()),
                keys => Answer::Good(format!("{keys} keys")),
            },
            Err(reason) => Answer::Silent(reason),
        }
    }

    async fn token(&self, client: &PlatformClient) -> Result<Answer, getrandom::Error> {
        let source = OwnKeySource::of(self.platform, &self.config.secrets);
        let Some(key) = source.keys().into_iter().next() else {
            return Ok(Answer::Refused("the gateway has no key: set `gateway.secret`".to_owned()));
        };
        let id = random_string::<16>()?;
        let request = TokenRequest { client, key: &key, scope: SCOPE, now: now(), id: &id };
        Ok(match self.platforms.ask_for_token(&request).await {
            Ok(GrantedToken { expires_in, scope }) => {
                let scope = scope.filter(|scope| scope != SCOPE);
                let scope = scope.map(|scope| format!(", for {scope}")).unwrap_or_default();
                Answer::Good(format!("valid for {expires_in} s{scope}"))
            }
            Err(error) => {
                let keyset = self.config.public_url.keyset_url(self.platform, None);
                let is_silent = matches!(
                    error,
                    PlatformError::Unreachable(_) | PlatformError::Unavailable { .. }
                );
                if is_silent {
                    Answer::Silent(error.to_string())
                } else {
                    Answer::Refused(format!(
                        "{error} (the platform verifies the request with the keyset {keyset}, \
                         which has {})",
                        key.key_id()
                    ))
                }
            }
        })
    }
}
