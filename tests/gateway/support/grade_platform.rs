//! An LTI 1.3 platform with services: it issues access tokens, and has a gradebook with Moodle's
//! rules. A test can replace its responses.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use lti_gateway::clock::parse_rfc3339;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use serde_json::{Value, json};

use super::form::Pairs;
use super::upstream::{Recorded, Recorder};
use super::{NOW, Platform};

/// The scopes of the grade service.
pub const SCORE: &str = "https://purl.imsglobal.org/spec/lti-ags/scope/score";
pub const RESULTS: &str = "https://purl.imsglobal.org/spec/lti-ags/scope/result.readonly";
pub const LINE_ITEMS: &str = "https://purl.imsglobal.org/spec/lti-ags/scope/lineitem";

/// The platform.
pub struct GradePlatform {
    pub recorder: Recorder,
    state: Arc<Mutex<PlatformState>>,
}

/// A response that a test sets for one request.
enum Planned {
    /// In place of the platform's own.
    Instead(String),
    /// The platform processes the request, but its own response does not arrive.
    After(String),
}

#[derive(Default)]
struct PlatformState {
    /// The gateway's keyset.
    keys: Value,
    granted: Vec<&'static str>,
    /// The tokens that are valid, with their scopes.
    tokens: HashMap<String, String>,
    issued: u64,
    ids: HashSet<String>,
    /// For how long the tokens are valid, as the platform says.
    expires_in: u64,
    /// The accepted scores, in their order.
    scores: Vec<Value>,
    /// Results that it returns beside those of the scores.
    others: Vec<Value>,
    items: Vec<Value>,
    planned: HashMap<&'static str, VecDeque<Planned>>,
    /// How long a request for a token takes.
    delay: Duration,
}

impl GradePlatform {
    /// A platform that grants every scope of its grade service.
    pub fn start() -> Self {
        let state = PlatformState {
            granted: vec![SCORE, RESULTS, LINE_ITEMS],
            expires_in: 3600,
            ..PlatformState::default()
        };
        let state = Arc::new(Mutex::new(state));
        let shared = Arc::clone(&state);
        let recorder = Recorder::with(move |request| {
            let lock = || shared.lock().unwrap_or_else(PoisonError::into_inner);
            if request.line() == "POST /token" {
                let delay = lock().delay;
                std::thread::sleep(delay);
            }
            let mut state = lock();
            state.respond(request).into_bytes()
        });
        Self { recorder, state }
    }

    fn state(&self) -> MutexGuard<'_, PlatformState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The table of the platform, named `moodle`.
    pub fn table(&self, more: &str) -> String {
        let origin = self.recorder.origin();
        format!(
            "\n[platforms.moodle]\nissuer = \"https://lms.example\"\n\
             auth_url = \"https://lms.example/auth\"\ntoken_url = \"{origin}/token\"\n\
             jwks_url = \"{origin}/jwks\"\nclient_id = \"client-1\"\n{more}\n"
        )
    }

    /// The claim of the grade service of a launch.
    pub fn claim(&self, scopes: &[&str]) -> Value {
        json!({
            "scope": scopes,
            "lineitem": format!("{}/li/7?type_id=1", self.recorder.origin()),
            "lineitems": format!("{}/li?type_id=1", self.recorder.origin()),
        })
    }

    /// Trusts the gateway with this keyset.
    pub fn trust(&self, keys: Value) {
        self.state().keys = keys;
    }

    /// Grants only these scopes from now on.
    pub fn grant(&self, scopes: &[&'static str]) {
        self.state().granted = scopes.to_vec();
    }

    /// Issues tokens for this number of seconds.
    pub fn expire_in(&self, seconds: u64) {
        self.state().expires_in = seconds;
    }

    /// Responds to requests for tokens after this time.
    pub fn slow_down(&self, delay: Duration) {
        self.state().delay = delay;
    }

    /// Accepts no token that it has issued.
    pub fn revoke_tokens(&self) {
        self.state().tokens.clear();
    }

    /// Responds so to the next request to `token`, `scores`, `results` or `li`.
    pub fn respond(&self, to: &'static str, response: &str) {
        let planned = Planned::Instead(response.to_owned());
        self.state().planned.entry(to).or_default().push_back(planned);
    }

    /// Processes the next such request, and sends this instead of its own response.
    pub fn process_and_respond(&self, to: &'static str, response: &str) {
        let planned = Planned::After(response.to_owned());
        self.state().planned.entry(to).or_default().push_back(planned);
    }

    /// The accepted scores, in their order.
    pub fn scores(&self) -> Vec<Value> {
        self.state().scores.clone()
    }

    /// Adds a result of another learner.
    pub fn add_result(&self, result: Value) {
        self.state().others.push(result);
    }

    /// The created line items.
    pub fn items(&self) -> Vec<Value> {
        self.state().items.clone()
    }

    /// Deletes the created line items.
    pub fn delete_items(&self) {
        self.state().items.clear();
    }

    /// The requests so far, by their first line and without those for keys and tokens.
    pub fn service_lines(&self) -> Vec<String> {
        let is_service = |line: &String| !line.contains("/jwks") && !line.contains("/token");
        self.lines().into_iter().filter(is_service).collect()
    }

    /// The first lines of the requests since the last call.
    pub fn lines(&self) -> Vec<String> {
        self.requests().iter().map(Recorded::line).collect()
    }

    /// The requests since the last call.
    pub fn requests(&self) -> Vec<Recorded> {
        self.recorder.all()
    }
}

impl PlatformState {
    fn respond(&mut self, request: &Recorded) -> String {
        let line = request.line();
        let (method, target) = line.split_once(' ').expect("a target");
        let path = target.split('?').next().unwrap_or_default();
        let (name, item) = match path.split('/').skip(1).collect::<Vec<_>>()[..] {
            ["jwks"] => return reply("200 OK", "application/json", &Platform::keys().to_string()),
            ["token"] => ("token", ""),
            ["li"] => ("li", ""),
            ["li", item, "scores"] => ("scores", item),
            ["li", item, "results"] => ("results", item),
            _ => return reply("404 Not Found", "text/plain", "no such service"),
        };
        let planned = self.planned.get_mut(name).and_then(VecDeque::pop_front);
        if let Some(Planned::Instead(response)) = planned {
            return response;
        }
        let own = match (method, name) {
            ("POST", "token") => self.token(request),
            ("POST", "scores") => self.score(request, item),
            ("GET", "results") => self.results(request),
            (method, "li") => self.line_items(request, method == "POST"),
            _ => reply("405 Method Not Allowed", "text/plain", ""),
        };
        match planned {
            Some(Planned::After(response)) => response,
            _ => own,
        }
    }

    /// Checks the request for a token as Moodle and Canvas do.
    fn token(&mut self, request: &Recorded) -> String {
        let refused = |error: &str| {
            let body = json!({ "error": error }).to_string();
            reply("400 Bad Request", "application/json", &body)
        };
        assert_eq!(
            request.header("content-type").as_deref(),
            Some("application/x-www-form-urlencoded")
        );
        let form = Pairs::read(std::str::from_utf8(&request.body).expect("text"));
        assert_eq!(form.get("grant_type"), "client_credentials");
        assert_eq!(
            form.get("client_assertion_type"),
            "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        );
        let Some(claims) = self.verified(form.get("client_assertion")) else {
            return refused("invalid_client");
        };
        let audience = format!("http://{}/token", request.header("host").expect("a host"));
        assert_eq!((&claims["iss"], &claims["sub"]), (&json!("client-1"), &json!("client-1")));
        assert_eq!(claims["aud"], json!(audience));
        let [issued, expiry] = ["iat", "exp"].map(|claim| claims[claim].as_u64().expect("a time"));
        assert!(issued >= NOW && expiry - issued <= 300, "{claims}");
        let id = claims["jti"].as_str().expect("an id").to_owned();
        assert!(self.ids.insert(id), "the id is used twice");
        let scope = form.get("scope").to_owned();
        if !scope.split(' ').all(|scope| self.granted.contains(&scope)) {
            return refused("invalid_scope");
        }
        self.issued += 1;
        let token = format!("access-t0ken-{}", self.issued);
        let body = json!({
            "access_token": token, "token_type": "Bearer", "expires_in": self.expires_in,
            "scope": scope,
        });
        self.tokens.insert(token, scope);
        // Moodle calls it so.
        reply("200 OK", "text/html", &body.to_string())
    }

    /// The claims of an assertion that a key of the gateway signed.
    fn verified(&self, assertion: &str) -> Option<Value> {
        let (signed, signature) = assertion.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        let json = |part: &str| -> Option<Value> {
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
        };
        let header = json(header)?;
        assert_eq!(header["alg"], "RS256");
        let keys = self.keys["keys"].as_array()?;
        let key = keys.iter().find(|key| key["kid"] == header["kid"])?;
        let number = |name: &str| URL_SAFE_NO_PAD.decode(key[name].as_str()?).ok();
        let key = RsaPublicKeyComponents { n: number("n")?, e: number("e")? };
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        key.verify(&RSA_PKCS1_2048_8192_SHA256, signed.as_bytes(), &signature).ok()?;
        json(claims)
    }

    /// Whether a request has a valid token for a scope.
    fn admits(&self, request: &Recorded, scope: &str) -> bool {
        let token = request.header("authorization").unwrap_or_default();
        let token = token.strip_prefix("Bearer ").and_then(|token| self.tokens.get(token));
        token.is_some_and(|scopes| scopes.split(' ').any(|granted| granted == scope))
    }

    fn score(&mut self, request: &Recorded, item: &str) -> String {
        if !self.admits(request, SCORE) {
            return reply("401 Unauthorized", "text/plain", "");
        }
        let media_type = request.header("content-type");
        assert_eq!(media_type.as_deref(), Some("application/vnd.ims.lis.v1.score+json"));
        if item != "7" && !self.items.iter().any(|own| own["number"] == item) {
            return reply("404 Not Found", "text/plain", "Grade item does not exist");
        }
        let score: Value = serde_json::from_slice(&request.body).expect("JSON");
        let seconds = |score: &Value| {
            parse_rfc3339(score["timestamp"].as_str().expect("text")).expect("a timestamp")
        };
        let newest = self.scores.iter().rfind(|known| known["userId"] == score["userId"]);
        if newest.is_some_and(|newest| seconds(newest) >= seconds(&score)) {
            // Moodle's message is the reason phrase.
            let user = score["userId"].as_str().expect("text");
            let reason = format!("409 Refusing score with an earlier timestamp for user {user}");
            return reply(&reason, "text/plain", "");
        }
        let mut score = score;
        score["raw"] = String::from_utf8_lossy(&request.body).into_owned().into();
        score["item"] = item.into();
        self.scores.push(score);
        reply("200 OK", "application/json", "")
    }

    /// The results of all learners, as edX.
    fn results(&self, request: &Recorded) -> String {
        if !self.admits(request, RESULTS) {
            return reply("401 Unauthorized", "text/plain", "");
        }
        let mut results = self.others.clone();
        results.extend(self.scores.iter().filter_map(|score| {
            let given = score["scoreGiven"].as_f64()?;
            Some(json!({
                "userId": score["userId"], "resultScore": given * 10.0, "resultMaximum": 10,
                "comment": score["comment"],
            }))
        }));
        results.reverse();
        let media_type = "application/vnd.ims.lis.v2.resultcontainer+json";
        reply("200 OK", media_type, &json!(results).to_string())
    }

    fn line_items(&mut self, request: &Recorded, creates: bool) -> String {
        if !self.admits(request, LINE_ITEMS) {
            return reply("401 Unauthorized", "text/plain", "");
        }
        if !creates {
            // Without the filter, as some platforms.
            let media_type = "application/vnd.ims.lis.v2.lineitemcontainer+json";
            return reply("200 OK", media_type, &json!(self.items).to_string());
        }
        let media_type = "application/vnd.ims.lis.v2.lineitem+json";
        assert_eq!(request.header("content-type").as_deref(), Some(media_type));
        let mut item: Value = serde_json::from_slice(&request.body).expect("JSON");
        let number = (8 + self.issued + self.items.len() as u64).to_string();
        let host = request.header("host").expect("a host");
        item["id"] = format!("http://{host}/li/{number}?type_id=1").into();
        item["number"] = number.into();
        self.items.push(item.clone());
        reply("201 Created", media_type, &item.to_string())
    }
}

/// An HTTP response.
pub fn reply(status: &str, media_type: &str, body: &str) -> String {
    reply_with(status, &format!("Content-Type: {media_type}\r\n"), body)
}

/// An HTTP response with these header lines.
pub fn reply_with(status: &str, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\n\r\n{body}", body.len())
}
