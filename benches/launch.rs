//! The cost of a launch without the server: verification, session, page. Also the cost of reading
//! the tools file at start.

#![allow(clippy::print_stderr, clippy::print_stdout)]

mod edx;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use lti::admission::{Examination, Verdict};
use lti::jose::{Algorithms, Keyset, RsaKey, keyset_document, sign};
use lti::oauth1::base_string::{base_string, base_uri};
use lti::oauth1::{Params, SignatureMethod, SigningKey, Source};
use lti::v1p1::{Consumer, Consumers, LaunchPolicy, LaunchRequest, SignatureFindings, examine};
use lti::v1p3::{
    AnsweredLogin, AuthenticationRequest, Client, FetchedKeys, LaunchUrl, LoginRequest, TokenForm,
    TokenPolicy, TrustedPlatform, examine_token, find_client, read_token,
};
use lti::{Launch, MemoryReplay, Secret};
use lti_gateway::config::{self, Environment, Identity};
use lti_gateway::proxy::assertion::{Assertions, Subject};
use lti_gateway::session::{
    Binding, COOKIE, LoginState, Logins, Session, SessionServices, Sessions,
};
use lti_gateway::template::{Page, Templates};
use ring::rand::SystemRandom;

const NOW: u64 = 1_700_000_000;

fn examined(body: &str, policy: &LaunchPolicy) -> Examination<SignatureFindings> {
    let request = LaunchRequest {
        scheme: "https",
        authority: "our-tools.example",
        path: "/lti/hello",
        query: None,
        authorization: None,
        body: body.as_bytes(),
    };
    examine(&request, policy, NOW, |_| false)
}

fn policy() -> LaunchPolicy {
    let consumer = Consumer::new(edx::KEY, [Secret::new(edx::SECRET)], SignatureMethod::ALL);
    LaunchPolicy {
        consumers: Consumers::new("hello", [consumer]),
        roles: None,
        clock_skew: 300,
        secrets: Arc::default(),
    }
}

fn verify(criterion: &mut Criterion) {
    let policy = policy();
    let good = edx::launch(NOW, "160219000000000000001700000000");
    let bad = good.replace("Learner", "Instructor");
    assert!(examined(&good, &policy).verdict().is_ok());
    assert!(examined(&bad, &policy).verdict().is_err());
    assert_eq!(good.split('&').count(), 40);

    let params = Params::default().read_form(Source::Body, good.as_bytes()).expect("a form");
    let base =
        base_string("POST", &base_uri("https", "our-tools.example", "/lti/hello"), params.iter());
    let key = SigningKey::new(&Secret::new(edx::SECRET));

    criterion.bench_function("verify a launch of 40 parameters", |bencher| {
        bencher.iter(|| black_box(examined(black_box(&good), &policy).verdict().is_ok()));
    });
    criterion.bench_function("reject a launch with a wrong signature", |bencher| {
        bencher.iter(|| black_box(examined(black_box(&bad), &policy).verdict().is_err()));
    });
    criterion.bench_function("bare HMAC-SHA1 of its base string", |bencher| {
        bencher
            .iter(|| black_box(key.verify(SignatureMethod::HmacSha1, black_box(&base), &[0; 20])));
    });
}

fn launch() -> Launch {
    let Ok(Verdict::New(candidate)) = examined(&edx::launch(NOW, "n"), &policy()).verdict() else {
        panic!("the launch is good");
    };
    let spent = MemoryReplay::new(1).spend(candidate.nonce(), NOW);
    candidate.admit(spent).ok().and_then(lti::Message::into_launch).expect("a launch")
}

fn session(criterion: &mut Criterion) {
    let secrets = [Secret::new("a secret that is long enough for this")];
    let (sessions, assertions) = (Sessions::new(&secrets), Assertions::new(&secrets));
    let launch = launch();
    let identity = Identity { name: true, email: true };
    let mint = || {
        let id = "0123456789abcdef".to_owned();
        Session::mint(
            &launch,
            id,
            identity,
            SessionServices::default(),
            Duration::from_secs(8 * 3600),
            NOW,
        )
        .expect("short ids")
        .0
    };
    let sealed = sessions.seal(&mint(), "hello", "0123456789abcdef").expect("randomness");
    let open = || sessions.open(&sealed, "hello", "0123456789abcdef", NOW).expect("its own seal");
    println!(
        "the session of that launch is a cookie of {} characters",
        COOKIE.len() + 1 + sealed.len()
    );
    criterion.bench_function("mint and seal a session", |bencher| {
        bencher.iter(|| black_box(sessions.seal(&mint(), "hello", "0123456789abcdef")));
    });
    criterion.bench_function("open a session", |bencher| bencher.iter(|| black_box(open())));
    let about = Subject {
        issuer: "https://our-tools.example",
        tool: "hello",
        launch_url: "https://our-tools.example/lti/hello",
        params: None,
        accepts_grade: None,
    };
    let session = open();
    criterion.bench_function("sign an assertion", |bencher| {
        bencher.iter(|| black_box(assertions.sign(&session, &about, NOW)));
    });
}

fn render(criterion: &mut Criterion) {
    let hello = include_str!("../templates/hello.html.tera").to_owned();
    let files = BTreeMap::from([("hello.html.tera".to_owned(), hello)]);
    let (templates, problems) = Templates::compile(files, &[], Vec::new());
    assert!(problems.is_empty());
    let tools = tools(1);
    let page = Page::new(
        "hello",
        &config::read("tools.toml", &tools, &Environment::new(), false).config.tools[0],
    );
    let launch = launch();
    criterion.bench_function("render hello", |bencher| {
        bencher
            .iter(|| black_box(templates.render(&page, black_box(&launch)).expect("a page").len()));
    });
}

/// A platform, and a client of it.
fn platform() -> TrustedPlatform {
    TrustedPlatform {
        name: "moodle".into(),
        issuer: "https://lms.example".to_owned(),
        auth_url: "https://lms.example/mod/lti/auth.php".to_owned(),
        algorithms: Algorithms::default(),
        anonymous: false,
        clients: vec![Client {
            id: "7Yb2eQJm1kVw0sA".into(),
            jwks_url: "https://lms.example/mod/lti/certs.php".to_owned(),
            deployments: None,
        }],
        formerly: Vec::new(),
        keeps_ids: false,
    }
}

fn state(binding: &Binding) -> LoginState {
    LoginState {
        platform: "moodle".into(),
        client: "7Yb2eQJm1kVw0sA".into(),
        nonce: LoginState::nonce().expect("randomness"),
        expires: NOW + 600,
        binding: binding.hash(),
        storage: None,
    }
}

/// A login of LTI 1.3: from its query to the URL of the redirect.
fn log_in(criterion: &mut Criterion) {
    let (platforms, launch_url) =
        ([platform()], LaunchUrl::new("https", "our-tools.example", "/lti/hello"));
    let logins = Logins::new(&[Secret::new("a secret that is long enough for this")]);
    let query = "iss=https%3A%2F%2Flms.example&target_link_uri=https%3A%2F%2Four-tools.example\
                 %2Flti%2Fhello&login_hint=4711&lti_message_hint=%7B%22cmid%22%3A5%7D&\
                 client_id=7Yb2eQJm1kVw0sA&lti_deployment_id=1";
    let answer = || {
        let params = Params::default().read_form(Source::Query, query.as_bytes()).expect("a query");
        let login = LoginRequest::read(&params).expect("a login");
        launch_url.destination(&login.target_link_uri).expect("the tool's");
        let (platform, client) = find_client(&login, &platforms, |_| true).expect("a client");
        let state = state(&Binding::random().expect("randomness"));
        let sealed = logins.seal_state(&state, "hello").expect("randomness");
        AuthenticationRequest {
            auth_url: &platform.auth_url,
            client_id: &client.id,
            redirect_uri: "https://our-tools.example/lti/hello",
            login_hint: &login.login_hint,
            message_hint: login.message_hint.as_deref(),
            state: &sealed,
            nonce: &state.nonce,
        }
        .url()
    };
    criterion.bench_function("answer a login of LTI 1.3", |bencher| {
        bencher.iter(|| black_box(answer()));
    });
}

/// A launch of LTI 1.3: from the form to the verdict.
fn verify_token(criterion: &mut Criterion) {
    let key = Secret::new(include_str!("../crates/lti/tests/keys/rsa_2048.pem"));
    let key = RsaKey::from_pem(&key).expect("a key");
    let keyset = Keyset::read(keyset_document([&key]).as_bytes()).expect("a keyset");
    let logins = Logins::new(&[Secret::new("a secret that is long enough for this")]);
    let binding = Binding::random().expect("randomness");
    let (platform, state) = (platform(), state(&binding));
    let lti = |name: &str| format!("https://purl.imsglobal.org/spec/lti/claim/{name}");
    let fixture = include_str!("../crates/lti/tests/token/claims/canvas.json");
    let fixture: serde_json::Value = serde_json::from_str(fixture).expect("JSON");
    let mut claims = fixture["claims"].clone();
    for (claim, value) in [
        ("iss", platform.issuer.as_str()),
        ("aud", "7Yb2eQJm1kVw0sA"),
        ("nonce", &state.nonce),
        (&lti("target_link_uri"), "https://our-tools.example/lti/hello/week/1"),
    ] {
        claims[claim] = value.into();
    }
    let token = sign(&claims, &key, &SystemRandom::new()).expect("a token");
    let sealed = logins.seal_state(&state, "hello").expect("randomness");
    let form = format!("id_token={token}&state={sealed}");
    let cookie = binding.set_cookie();
    let launch_url = LaunchUrl::new("https", "our-tools.example", "/lti/hello");
    let consumers = Consumers::new("hello", []);
    let policy = TokenPolicy {
        tool: "hello",
        launch_url: &launch_url,
        platform: &platform,
        client: &platform.clients[0],
        consumers: &consumers,
        roles: None,
        declares_line_item: false,
        clock_skew: 300,
    };
    let verify = || {
        let params = Params::default().read_form(Source::Body, form.as_bytes()).expect("a form");
        let form = TokenForm::read(&params).expect("a token");
        let state = logins.open_state(&form.state, "hello").expect("a state");
        let login = AnsweredLogin {
            nonce: &state.nonce,
            expires: state.expires,
            same_browser: state.binding.is_in([cookie.as_bytes()]),
        };
        let token = read_token(&form.id_token, &login, &policy, NOW, |_| false).expect("a token");
        let keys = FetchedKeys { keyset: &keyset, age: 0 };
        examine_token(&token, keys, &login, &policy, NOW).verdict()
    };
    assert!(verify().is_ok());
    criterion.bench_function("verify a launch of LTI 1.3", |bencher| {
        bencher.iter(|| black_box(verify().is_ok()));
    });
}

/// A tools file with `count` tools.
fn tools(count: usize) -> String {
    let mut text = String::from(
        "[gateway]\npublic_url = \"https://our-tools.example\"\n\
         secret = \"a secret that is long enough for this\"\n",
    );
    for tool in 0..count {
        let _ = write!(
            text,
            "\n[tools.tool-{tool}]\ntitle = \"Tool {tool}\"\nkey = \"key-{tool}\"\n\
             secret = \"secret {tool}\"\ntemplate = \"hello\"\nroles = [\"staff\"]\n"
        );
    }
    text
}

fn load(criterion: &mut Criterion) {
    for count in [1, 100, 1000] {
        let text = tools(count);
        criterion.bench_function(&format!("load {count} tools"), |bencher| {
            bencher.iter(|| {
                let reading =
                    config::read("tools.toml", black_box(&text), &Environment::new(), false);
                assert_eq!(reading.config.tools.len(), count);
                reading
            });
        });
    }
}

criterion_group!(benches, verify, log_in, verify_token, session, render, load);
criterion_main!(benches);
