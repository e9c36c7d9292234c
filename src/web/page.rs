//! The gateway's own pages. They need no file and no other host.

use std::sync::LazyLock;

use rocket::http::{ContentType, Header, Status};
use rocket::response::{self, Responder};
use rocket::{Request, Response};
use serde::Serialize;
use tera::{Context, Tera};

/// The style of all pages, as text that holds nothing of Tera's.
const STYLE: &str = concat!("{% raw %}\n", include_str!("../../static/style.css"), "{% endraw %}");

/// The built-in templates. They are compiled once; a test renders each of them.
static PAGES: LazyLock<Option<Tera>> = LazyLock::new(|| {
    let mut tera = Tera::default();
    tera.autoescape_on([".html.tera", ".xml.tera"]);
    let pages = [
        ("style.css", STYLE),
        ("layout.html.tera", include_str!("pages/layout.html.tera")),
        ("cartridge.xml.tera", include_str!("pages/cartridge.xml.tera")),
        ("dev.html.tera", include_str!("pages/dev.html.tera")),
        ("dev_gradebook.html.tera", include_str!("pages/dev_gradebook.html.tera")),
        ("dev_launch.html.tera", include_str!("pages/dev_launch.html.tera")),
        ("dev_refusals.html.tera", include_str!("pages/dev_refusals.html.tera")),
        ("index.html.tera", include_str!("pages/index.html.tera")),
        ("new_window.html.tera", include_str!("pages/new_window.html.tera")),
        ("refusal.html.tera", include_str!("pages/refusal.html.tera")),
        ("setup.html.tera", include_str!("pages/setup.html.tera")),
    ];
    tera.add_raw_templates(pages).ok().map(|()| tera)
});

/// A built-in page. `None` only where the page itself is broken.
pub(super) fn render(name: &str, context: &impl Serialize) -> Option<String> {
    PAGES.as_ref()?.render(name, &Context::from_serialize(context).ok()?).ok()
}

/// A page of the gateway's own, which loads nothing.
pub(super) struct Html {
    text: String,
    policy: String,
}

impl Html {
    /// A page that no other site may frame. It may show tools' icons.
    pub(super) fn unframed(text: String) -> Self {
        let policy = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' https: data:; base-uri 'none'; \
                      form-action 'none'; frame-ancestors 'self'";
        Self { text, policy: policy.to_owned() }
    }

    /// A page with a form that asks this gateway.
    pub(super) fn asking(text: String) -> Self {
        let policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; \
                      form-action 'self'; frame-ancestors 'none'";
        Self { text, policy: policy.to_owned() }
    }

    /// A page that launches, and frames what is launched: wherever an app leads from there.
    pub(super) fn launching(text: String) -> Self {
        let policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; \
                      frame-src http: https:; form-action http: https:; frame-ancestors 'none'";
        Self { text, policy: policy.to_owned() }
    }

    /// A page for the frame in which a launch was to appear.
    pub(super) fn framed(text: String, frame_ancestors: &str) -> Self {
        let policy = format!(
            "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; \
             frame-ancestors {frame_ancestors}"
        );
        Self { text, policy }
    }

    /// The page as an answer with this status.
    pub(super) fn into_response(self, status: Status) -> Response<'static> {
        respond(status, self.text, self.policy)
    }
}

impl<'r> Responder<'r, 'static> for Html {
    fn respond_to(self, _: &'r Request<'_>) -> response::Result<'static> {
        Ok(self.into_response(Status::Ok))
    }
}

/// An HTML answer that is not kept anywhere.
pub(super) fn respond(status: Status, text: String, policy: String) -> Response<'static> {
    Response::build()
        .status(status)
        .header(ContentType::HTML)
        .header(Header::new("Cache-Control", "no-store"))
        .header(Header::new("Content-Security-Policy", policy))
        .sized_body(text.len(), std::io::Cursor::new(text))
        .finalize()
}

/// On to another address, with a GET. Addresses of sessions are nobody's to keep.
pub(super) fn see_other(address: String) -> Response<'static> {
    redirect(Status::SeeOther, address)
}

/// The same request, at another address.
pub(super) fn permanent_redirect(address: String) -> Response<'static> {
    redirect(Status::PermanentRedirect, address)
}

fn redirect(status: Status, address: String) -> Response<'static> {
    Response::build()
        .status(status)
        .header(Header::new("Cache-Control", "no-store"))
        .header(Header::new("Location", address))
        .finalize()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_holds_the_style_that_templates_link_and_nothing_of_it_ends_its_element() {
        let style = include_str!("../../static/style.css");
        assert!(!style.contains("</"), "it would be the page's own text from there on");
        let page = render("dev_refusals.html.tera", &serde_json::json!({ "refusals": [] }))
            .expect("a page");
        assert!(page.contains(&format!("<style>\n{style}</style>")), "{page}");
    }
}
