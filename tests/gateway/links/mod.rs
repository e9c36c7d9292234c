//! Deep linking from the outside, by both LTI versions: a platform asks for links, a user picks
//! them, and the browser posts the signed response to the platform.

mod attack;
mod launch;
mod picker;
mod practice;
mod response;
mod upstream;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use lti::oauth1::SignatureMethod;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use serde_json::{Value, json};

use crate::support::{
    Browser, Form, NOW, Pairs, Platform, Recorder, Redirected, Reply, Server, Setup, answer_form,
    claims, log_lines, login, lti_claim, token, unescaped,
};

/// The whole of `[gateway]`. Keysets of the tests are on loopback.
const GATEWAY: &str = r#"
[gateway]
public_url = "https://tool.example"
secret = "the gateway's own, of 32 characters"
outcome_hosts = ["127.0.0.1", "named.example"]
"#;

/// Links of the tool.
const LINKS: &str = r#"
links = [
    { title = "Week 1", description = "Sums <up> to ten", path = "/week/1?x=2",
      custom = { unit = "w1" }, points = 10 },
    { title = "Week <2> & \"more\"", path = "/week/2", points = 2.5 },
    { title = "All" },
]
"#;

/// The URL at the platform that accepts the response.
const RETURN: &str = "https://lms.example/mod/lti/contentitem_return.php?course=7&id=3&sesskey=Xb3";

const ITEMS: &str = "https://purl.imsglobal.org/spec/lti-dl/claim/content_items";
const DATA: &str = "https://purl.imsglobal.org/spec/lti-dl/claim/data";
const SETTINGS: &str = "https://purl.imsglobal.org/spec/lti-dl/claim/deep_linking_settings";
const INSTRUCTOR: &str = "http://purl.imsglobal.org/vocab/lis/v2/membership#Instructor";

/// A platform, an upstream, and the gateway between them. The tool is `nb`.
struct Stage {
    upstream: Recorder,
    server: Server,
    _platform: Platform,
}

impl Stage {
    /// A tool with these lines.
    fn with(of_tool: &str) -> Self {
        let (platform, upstream) = (Platform::start(), Recorder::start());
        let tools = format!(
            "{GATEWAY}{}\n[tools.nb]\ntitle = \"Notebook\"\nkey = \"key-1\"\nsecret = \"s3cret\"\n\
             platforms = \"moodle\"\nupstream = \"{}\"\n{of_tool}\n",
            platform.table(""),
            upstream.url()
        );
        let server = Server::start(&Setup { tools: &tools, ..Setup::default() });
        Self { upstream, server, _platform: platform }
    }

    /// A tool with [`LINKS`] and grades.
    fn with_links() -> Self {
        Self::with(&format!("grades = true\n{LINKS}"))
    }

    fn browser(&self) -> Browser<'_> {
        Browser::new(&self.server)
    }

    /// Sends a request for links by LTI 1.3, with these settings.
    #[track_caller]
    fn ask(&self, browser: &mut Browser<'_>, settings: Value) -> Reply {
        self.ask_as(browser, settings, INSTRUCTOR)
    }

    #[track_caller]
    fn ask_as(&self, browser: &mut Browser<'_>, settings: Value, role: &str) -> Reply {
        let redirected = Redirected::log_in(browser, &login());
        let form =
            answer_form(&token(&request(redirected.nonce(), settings, role)), redirected.state());
        browser.post_form("/lti/nb", &form)
    }
}

/// The settings of Moodle, with some changed.
fn settings(changes: Value) -> Value {
    let mut settings = json!({
        "accept_types": ["ltiResourceLink"],
        "accept_presentation_document_targets": ["frame", "iframe", "window"],
        "accept_multiple": true,
        "deep_link_return_url": RETURN,
        "title": "Notebook",
        "text": "",
    });
    for (name, value) in changes.as_object().expect("an object") {
        settings[name] = value.clone();
    }
    settings
}

/// The claims of a request for links.
fn request(nonce: &str, settings: Value, role: &str) -> Value {
    let mut claims = claims(nonce);
    let members = claims.as_object_mut().expect("an object");
    members.remove(&lti_claim("resource_link"));
    members.insert(lti_claim("message_type"), json!("LtiDeepLinkingRequest"));
    members.insert(lti_claim("roles"), json!([role]));
    members.insert(SETTINGS.to_owned(), settings);
    claims
}

/// A request for links by LTI 1.1, with these parameters added.
fn content_item<'a>(more: &[(&'a str, &'a str)]) -> Form<'a> {
    Form {
        url: "https://tool.example/lti/nb",
        params: vec![
            ("lti_message_type", "ContentItemSelectionRequest"),
            ("lti_version", "LTI-1p0"),
            ("accept_media_types", "application/vnd.ims.lti.v1.ltilink"),
            ("accept_presentation_document_targets", "frame,iframe,window"),
            ("accept_multiple", "true"),
            ("content_item_return_url", RETURN),
            ("user_id", "user-4711"),
            ("roles", "Instructor"),
            ("context_id", "course-1"),
            ("lis_person_name_full", "Ada Lovelace"),
        ],
        ..Form::default()
    }
    .with(more)
}

/// The values of hidden fields, checkboxes and radio buttons of a page, by name.
fn fields(page: &str) -> Vec<(String, String)> {
    let inputs = page.split("<input ").skip(1).filter_map(|rest| rest.split_once('>'));
    let attribute = |input: &str, name: &str| {
        let (_, rest) = input.split_once(&format!("{name}=\""))?;
        rest.split_once('"').map(|(value, _)| unescaped(value))
    };
    let field =
        |(input, _): (&str, &str)| Some((attribute(input, "name")?, attribute(input, "value")?));
    inputs.filter_map(field).collect()
}

/// The values of one field.
fn values(page: &str, name: &str) -> Vec<String> {
    fields(page).into_iter().filter(|(known, _)| known == name).map(|(_, value)| value).collect()
}

/// Asserts that a response is the picker.
#[track_caller]
fn is_picker(reply: &Reply) {
    assert_eq!(reply.status, 200, "{reply:?} {:?}", reply.reference().map(log_lines));
    assert_eq!(values(&reply.body, "lti_selection").len(), 1, "{}", reply.body);
    assert!(!reply.body.contains("<script"), "{}", reply.body);
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    let policy = reply.header("content-security-policy").expect("a policy");
    assert!(policy.starts_with("default-src 'none'; style-src 'unsafe-inline'; "), "{policy}");
    assert!(policy.contains("form-action 'self'; frame-ancestors "), "{policy}");
}

/// Sends the form of the picker with these links, by their titles' positions.
#[track_caller]
fn pick(browser: &mut Browser<'_>, picker: &Reply, links: &[usize]) -> Reply {
    is_picker(picker);
    let keys = values(&picker.body, "link");
    let mut pairs = Pairs(Vec::new());
    pairs.add("lti_selection", &values(&picker.body, "lti_selection")[0]);
    for at in links {
        pairs.add("link", &keys[*at]);
    }
    browser.post_form("/~links", &pairs.body())
}

/// Asserts that a response is the page that posts to the platform. Returns its form.
#[track_caller]
fn posted(reply: &Reply) -> (String, Pairs) {
    assert_eq!(reply.status, 200, "{reply:?}");
    assert_eq!(reply.all("set-cookie"), [""; 0]);
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    assert_eq!(reply.header("referrer-policy"), Some("strict-origin"));
    assert_eq!(reply.body.matches("<script>").count(), 1);
    let policy = reply.header("content-security-policy").expect("a policy");
    assert!(policy.contains("script-src 'sha256-") && policy.contains("; form-action https:"));
    let (_, form) = reply.body.split_once("<form method=\"post\"").expect("a form");
    let (_, action) = form.split_once("action=\"").expect("an action");
    let (action, _) = action.split_once('"').expect("an action");
    (unescaped(action), Pairs(fields(form)))
}

/// The claims of a response by LTI 1.3, verified with the gateway's keyset for the platform.
#[track_caller]
fn verified(stage: &Stage, pairs: &Pairs) -> Value {
    assert_eq!(pairs.0.len(), 1);
    let token = pairs.get("JWT");
    let parts: Vec<&str> = token.split('.').collect();
    let [header, payload, signature] = parts.as_slice() else { panic!("{token}") };
    let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).expect("base64url");
    let json = |part: &str| serde_json::from_slice::<Value>(&decode(part)).expect("JSON");
    let keyset = stage.server.get("/.well-known/jwks/moodle.json").json();
    let header = json(header);
    assert_eq!(header["alg"], "RS256");
    let keys = keyset["keys"].as_array().expect("keys");
    let key = keys.iter().find(|key| key["kid"] == header["kid"]).expect("the key");
    let number = |name: &str| decode(key[name].as_str().expect("a string"));
    RsaPublicKeyComponents { n: number("n"), e: number("e") }
        .verify(
            &RSA_PKCS1_2048_8192_SHA256,
            format!("{}.{payload}", parts[0]).as_bytes(),
            &decode(signature),
        )
        .expect("a valid signature");
    json(payload)
}

/// The items of a response by LTI 1.1, whose signature is verified.
#[track_caller]
fn verified_items(pairs: &Pairs, url: &str, method: SignatureMethod) -> Value {
    let form = Form { url, method, ..Form::default() };
    let mut signed = pairs.clone();
    signed.remove("oauth_signature");
    assert_eq!(pairs.get("oauth_signature"), form.signature("POST", &signed));
    assert_eq!(pairs.get("oauth_consumer_key"), "key-1");
    assert_eq!(pairs.get("oauth_timestamp"), NOW.to_string());
    assert_eq!(pairs.get("lti_message_type"), "ContentItemSelection");
    assert_eq!(pairs.get("lti_version"), "LTI-1p0");
    serde_json::from_str(pairs.get("content_items")).expect("JSON")
}

/// Asserts status and code of a rejected request for links. Returns its log line.
#[track_caller]
fn rejected(reply: &Reply, status: u16, code: &str) -> String {
    let reference = reply.reference().unwrap_or_else(|| panic!("no reference: {reply:?}"));
    let lines = log_lines(reference);
    let [line] = lines.as_slice() else { panic!("{lines:?}") };
    assert!(line.contains(&format!(" outcome=\"refused\" code=\"{code}\" ")), "{line}");
    assert_eq!((reply.status, reply.all("set-cookie")), (status, Vec::new()), "{line}");
    for text in [&reply.body, line] {
        for private in ["user-4711", "Ada", "sesskey", "s3cret", "own, of 32"] {
            assert!(!text.contains(private), "{private} in {text}");
        }
    }
    line.clone()
}
