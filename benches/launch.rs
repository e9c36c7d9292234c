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
use lti::oauth1::base_string::{base_string, base_uri};
use lti::oauth1::{Params, SignatureMethod, SigningKey, Source};
use lti::v1p1::{Consumer, Consumers, LaunchPolicy, LaunchRequest, SignatureFindings, examine};
use lti::{Launch, MemoryReplay, Secret};
use lti_gateway::config::{self, Environment, Identity};
use lti_gateway::proxy::assertion::{Assertions, Subject};
use lti_gateway::session::{COOKIE, Session, Sessions};
use lti_gateway::template::{Page, Templates};

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
    candidate.admit(spent).expect("a fresh nonce")
}

fn session(criterion: &mut Criterion) {
    let secrets = [Secret::new("a secret that is long enough for this")];
    let (sessions, assertions) = (Sessions::new(&secrets), Assertions::new(&secrets));
    let launch = launch();
    let identity = Identity { name: true, email: true };
    let mint = || {
        let id = "0123456789abcdef".to_owned();
        Session::mint(&launch, id, identity, false, Duration::from_secs(8 * 3600), NOW)
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

criterion_group!(benches, verify, session, render, load);
criterion_main!(benches);
