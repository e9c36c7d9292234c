//! The gateway's own pages. They need no other file and no other host.

use std::collections::HashMap;
use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rocket::http::{ContentType, Header, Status};
use rocket::response::{self, Responder};
use rocket::{Request, Response};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use tera::{Context, Tera};

use super::login_path::LOGIN_PATH;

/// The style of all pages, escaped for Tera.
const STYLE: &str = concat!("{% raw %}\n", include_str!("../../static/style.css"), "{% endraw %}");

/// The built-in templates, by name.
const TEMPLATES: [(&str, &str); 30] = [
    ("style.css", STYLE),
    ("layout.html.tera", include_str!("pages/layout.html.tera")),
    ("app_failure.html.tera", include_str!("pages/app_failure.html.tera")),
    ("cartridge.xml.tera", include_str!("pages/cartridge.xml.tera")),
    ("contact.html.tera", include_str!("pages/contact.html.tera")),
    ("copy.html.tera", include_str!("pages/copy.html.tera")),
    ("dev.html.tera", include_str!("pages/dev.html.tera")),
    ("dev_auth.html.tera", include_str!("pages/dev_auth.html.tera")),
    ("dev_gate.html.tera", include_str!("pages/dev_gate.html.tera")),
    ("dev_gradebook.html.tera", include_str!("pages/dev_gradebook.html.tera")),
    ("dev_launch.html.tera", include_str!("pages/dev_launch.html.tera")),
    ("dev_links.html.tera", include_str!("pages/dev_links.html.tera")),
    ("dev_registration.html.tera", include_str!("pages/dev_registration.html.tera")),
    ("dev_refusals.html.tera", include_str!("pages/dev_refusals.html.tera")),
    ("dev_token_launch.html.tera", include_str!("pages/dev_token_launch.html.tera")),
    ("index.html.tera", include_str!("pages/index.html.tera")),
    ("launch_storage.html.tera", include_str!("pages/launch_storage.html.tera")),
    ("links.html.tera", include_str!("pages/links.html.tera")),
    ("login_button.html.tera", include_str!("pages/login_button.html.tera")),
    ("login_storage.html.tera", include_str!("pages/login_storage.html.tera")),
    ("login_window.html.tera", include_str!("pages/login_window.html.tera")),
    ("new_window.html.tera", include_str!("pages/new_window.html.tera")),
    ("notice.html.tera", include_str!("pages/notice.html.tera")),
    ("picker.html.tera", include_str!("pages/picker.html.tera")),
    ("refusal.html.tera", include_str!("pages/refusal.html.tera")),
    ("register.html.tera", include_str!("pages/register.html.tera")),
    ("registered.html.tera", include_str!("pages/registered.html.tera")),
    ("register_refused.html.tera", include_str!("pages/register_refused.html.tera")),
    ("platform_setup.html.tera", include_str!("pages/platform_setup.html.tera")),
    ("setup.html.tera", include_str!("pages/setup.html.tera")),
];

/// The built-in templates, compiled once. Tests render each of them.
static PAGES: LazyLock<Option<Pages>> = LazyLock::new(|| Pages::new(&TEMPLATES));

struct Pages {
    tera: Tera,
    /// The `script-src` directive of each template.
    script_directives: HashMap<String, String>,
}

impl Pages {
    fn new(templates: &[(&str, &str)]) -> Option<Self> {
        let mut tera = Tera::default();
        tera.autoescape_on([".html.tera", ".xml.tera"]);
        tera.add_raw_templates(templates.iter().copied()).ok()?;
        let directive =
            |(name, _): &(&str, &str)| ((*name).to_owned(), script_directive(templates, name));
        Some(Self { tera, script_directives: templates.iter().map(directive).collect() })
    }

    fn render(&self, name: &str, context: &impl Serialize) -> Option<RenderedPage> {
        let text = self.tera.render(name, &Context::from_serialize(context).ok()?).ok()?;
        Some(RenderedPage { text, script_directive: self.script_directives.get(name)?.clone() })
    }
}

/// The CSP directive that allows the inline scripts of a template and of the templates that it
/// includes or extends, with a trailing separator. It is empty for a page without a script.
///
/// The hashes are of the scripts in the templates, not in the rendered page. A script that a value
/// injects or changes therefore has no hash (XSS).
fn script_directive(templates: &[(&str, &str)], name: &str) -> String {
    let mut names = vec![name];
    let mut hashes = String::new();
    let mut next = 0;
    while let Some(name) = names.get(next).copied() {
        next += 1;
        let Some((_, source)) = templates.iter().find(|(known, _)| *known == name) else {
            continue;
        };
        let scripts = source.split("<script>").skip(1);
        for script in scripts.filter_map(|script| Some(script.split_once("</script>")?.0)) {
            hashes += &format!(" 'sha256-{}'", STANDARD.encode(Sha256::digest(script)));
        }
        for other in parts(source) {
            if !names.contains(&other) {
                names.push(other);
            }
        }
    }
    if hashes.is_empty() { hashes } else { format!("script-src{hashes}; ") }
}

/// The names of the templates that a template includes or extends.
fn parts(source: &str) -> impl Iterator<Item = &str> {
    let tags = source.split("{%").skip(1).filter_map(|rest| Some(rest.split_once("%}")?.0));
    tags.filter_map(|tag| {
        let tag = tag.trim_matches(['-', ' ']);
        let name = tag.strip_prefix("include ").or_else(|| tag.strip_prefix("extends "))?;
        Some(name.trim().trim_matches('"'))
    })
}

/// Renders a built-in page. `None` only if its template is broken.
pub(super) fn render(name: &str, context: &impl Serialize) -> Option<RenderedPage> {
    PAGES.as_ref()?.render(name, context)
}

/// A rendered page, and the scripts that it may run.
pub(super) struct RenderedPage {
    pub(super) text: String,
    script_directive: String,
}

impl RenderedPage {
    /// A page of plain text, without a template.
    pub(super) fn plain(text: &str) -> Self {
        Self { text: text.to_owned(), script_directive: String::new() }
    }
}

/// A page of the gateway, with its CSP. It runs only the scripts of its template.
pub(super) struct Html {
    text: String,
    policy: String,
}

impl Html {
    /// A page that no other site may frame. It may show the icons of tools.
    pub(super) fn unframed(page: RenderedPage) -> Self {
        Self::with_policy(
            page,
            "img-src 'self' https: data:; base-uri 'none'; form-action 'none'; \
             frame-ancestors 'self'",
        )
    }

    /// A page with a form for this gateway.
    pub(super) fn with_form(page: RenderedPage) -> Self {
        Self::with_policy(
            page,
            "img-src data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
        )
    }

    /// A page that launches a tool and frames it. The app may redirect to any site.
    pub(super) fn launching(page: RenderedPage) -> Self {
        Self::with_policy(
            page,
            "img-src data:; base-uri 'none'; frame-src http: https:; form-action http: https:; \
             frame-ancestors 'none'",
        )
    }

    /// A page that sends a form from a frame to any site.
    pub(super) fn sending(page: RenderedPage) -> Self {
        Self::with_policy(
            page,
            "img-src data:; base-uri 'none'; form-action http: https:; \
             frame-ancestors http: https:",
        )
    }

    /// A page that replaces a tool in the platform's frame.
    pub(super) fn framed(page: RenderedPage, frame_ancestors: &str) -> Self {
        Self::with_policy(
            page,
            &format!("img-src data:; base-uri 'none'; frame-ancestors {frame_ancestors}"),
        )
    }

    /// A page with a form for this gateway, in the platform's frame.
    pub(super) fn picking(page: RenderedPage, frame_ancestors: &str) -> Self {
        let directives = format!(
            "img-src data:; base-uri 'none'; form-action 'self'; frame-ancestors {frame_ancestors}"
        );
        Self::with_policy(page, &directives)
    }

    /// A page that sends a form to the platform, in the platform's frame. `form_action` has the
    /// sources of that directive.
    pub(super) fn answering(page: RenderedPage, form_action: &str, frame_ancestors: &str) -> Self {
        let directives = format!(
            "img-src data:; base-uri 'none'; form-action {form_action}; \
             frame-ancestors {frame_ancestors}"
        );
        Self::with_policy(page, &directives)
    }

    /// A page with a form for this gateway, in a frame of the platform.
    pub(super) fn registering(page: RenderedPage, frame_ancestors: &str) -> Self {
        Self::with_policy(
            page,
            &format!(
                "img-src data:; base-uri 'none'; form-action 'self'; \
                 frame-ancestors {frame_ancestors}"
            ),
        )
    }

    fn with_policy(page: RenderedPage, directives: &str) -> Self {
        let RenderedPage { text, script_directive } = page;
        let policy = format!(
            "default-src 'none'; {script_directive}style-src 'unsafe-inline'; {directives}"
        );
        Self { text, policy }
    }

    /// The page as a response with this status.
    pub(super) fn into_response(self, status: Status) -> Response<'static> {
        respond(status, self.text, self.policy)
    }
}

impl<'r> Responder<'r, 'static> for Html {
    fn respond_to(self, _: &'r Request<'_>) -> response::Result<'static> {
        Ok(self.into_response(Status::Ok))
    }
}

/// An HTML response that no cache stores.
pub(super) fn respond(status: Status, text: String, policy: String) -> Response<'static> {
    html(status, text, policy, "no-store")
}

/// The page of a template. The browser keeps it for its Back button: it cannot get the page again,
/// because a launch form is valid once. No shared cache stores it.
pub(super) fn tool_page(text: String, policy: String) -> Response<'static> {
    html(Status::Ok, text, policy, "private, no-cache")
}

fn html(
    status: Status,
    text: String,
    policy: String,
    cache_control: &'static str,
) -> Response<'static> {
    Response::build()
        .status(status)
        .header(ContentType::HTML)
        .header(Header::new("Cache-Control", cache_control))
        .header(Header::new("Content-Security-Policy", policy))
        .sized_body(text.len(), std::io::Cursor::new(text))
        .finalize()
}

/// A redirect to another URL, with GET. No cache stores it, because URLs of sessions are private.
pub(super) fn see_other(location: String) -> Response<'static> {
    redirect(Status::SeeOther, location)
}

/// A redirect to a platform, with GET.
pub(super) fn found(location: String) -> Response<'static> {
    redirect(Status::Found, location)
}

/// A redirect of the same request to another URL, this time.
fn temporary_redirect(location: String) -> Response<'static> {
    redirect(Status::TemporaryRedirect, location)
}

/// The redirect of a login that a platform sends to a launch URL.
pub(super) fn login_redirect(query: Option<&str>) -> Response<'static> {
    let query = query.map(|query| format!("?{query}")).unwrap_or_default();
    let mut response = temporary_redirect(format!("{LOGIN_PATH}{query}"));
    // The URL contains the hints of the login.
    response.set_raw_header("Referrer-Policy", "no-referrer");
    response
}

/// A redirect of the same request to another URL.
pub(super) fn permanent_redirect(location: String) -> Response<'static> {
    redirect(Status::PermanentRedirect, location)
}

/// A redirect of the same request to the session of the page that sent it. It depends on the
/// `Referer`.
pub(super) fn stray_redirect(location: String) -> Response<'static> {
    let mut response = temporary_redirect(location);
    response.set_raw_header("Vary", "Referer");
    response
}

fn redirect(status: Status, location: String) -> Response<'static> {
    Response::build()
        .status(status)
        .header(Header::new("Cache-Control", "no-store"))
        .header(Header::new("Location", location))
        .finalize()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_includes_the_style_of_the_templates_unescaped() {
        let style = include_str!("../../static/style.css");
        assert!(!style.contains("</"), "this would end the style element");
        let page = render("dev_refusals.html.tera", &serde_json::json!({ "refusals": [] }))
            .expect("a page")
            .text;
        assert!(page.contains(&format!("<style>\n{style}</style>")), "{page}");
    }

    #[test]
    fn only_these_pages_have_a_script_and_each_allows_exactly_its_own() {
        let with_scripts = |name: &str, count: usize| {
            let directive = script_directive(&TEMPLATES, name);
            assert_eq!(directive.matches("'sha256-").count(), count, "{name}: {directive}");
        };
        for (name, source) in TEMPLATES {
            let count = match name {
                "copy.html.tera" => 1,
                // The script of `copy.html.tera`.
                "dev.html.tera" | "dev_refusals.html.tera" | "index.html.tera" => 1,
                // The script that sends the form.
                "dev_launch.html.tera" | "dev_auth.html.tera" | "links.html.tera" => 1,
                // The same, and the storage of the page.
                "dev_token_launch.html.tera" => 2,
                // The same, and the script that closes the platform's frame.
                "registered.html.tera" => 2,
                // The scripts that ask the platform's storage.
                "launch_storage.html.tera" | "login_storage.html.tera" => 1,
                _ => 0,
            };
            with_scripts(name, count);
            // A script with an attribute would have no hash, and a value in it another one.
            assert_eq!(source.matches("<script").count(), source.matches("<script>").count());
            for script in source.split("<script>").skip(1) {
                let script = script.split("</script>").next().unwrap_or_default();
                assert!(!script.contains("{{") && !script.contains("{%"), "{name}: {script}");
            }
        }
        let page = Html::framed(RenderedPage::plain(""), "https://lms.example");
        assert_eq!(
            page.policy,
            "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; \
             frame-ancestors https://lms.example"
        );
    }

    #[test]
    fn a_page_allows_the_scripts_of_the_templates_that_it_includes_and_extends() {
        let templates = [
            ("a", "{% extends \"b\" %}<script>1</script>"),
            ("b", "{%- include \"c\" -%}{% include \"a\" %}"),
            ("c", "<script>2</script>"),
            ("d", "<script>3</script>{% include \"absent\" %}"),
        ];
        let hash = |script: &str| STANDARD.encode(Sha256::digest(script));
        let expected = format!("script-src 'sha256-{}' 'sha256-{}'; ", hash("1"), hash("2"));
        assert_eq!(script_directive(&templates, "a"), expected);
        assert_eq!(
            script_directive(&templates, "c"),
            format!("script-src 'sha256-{}'; ", hash("2"))
        );
        assert_eq!(
            script_directive(&templates, "d"),
            format!("script-src 'sha256-{}'; ", hash("3"))
        );
    }

    #[test]
    fn a_hash_allows_the_script_of_a_template_and_not_the_script_of_a_value() {
        let source = "<p>{{ value }}</p><p>{{ value | safe }}</p><script>go()</script>\
                      <script>\nstop()\n</script>";
        let pages = Pages::new(&[("page.html.tera", source)]).expect("a template");
        let page = |value: &str| {
            let context = serde_json::json!({ "value": value });
            Html::with_form(pages.render("page.html.tera", &context).expect("a page"))
        };
        // Each hash is `printf TEXT | openssl dgst -sha256 -binary | base64`.
        let directive = "script-src 'sha256-5KYv+PUboo5h+0+YAtGRPbwv5d/QxzHslP4YGnUaxRw=' \
                         'sha256-81jb7CxxUJ73o97tvuP9j9n5wcj7iQkA6U0UVO5LdAo='; ";
        let expected = format!(
            "default-src 'none'; {directive}style-src 'unsafe-inline'; img-src data:; \
             base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
        );
        let plain = page("x");
        assert!(plain.text.contains("<script>go()</script>"), "{}", plain.text);
        assert_eq!(plain.policy, expected);
        for value in ["<script>evil()</script>", "<script>", "</script><script>evil()</script>"] {
            let page = page(value);
            assert!(page.text.contains(value), "{}", page.text);
            assert_eq!(page.policy, expected, "{value}");
        }
    }
}
