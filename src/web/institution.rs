//! The institution on pages.

use serde::Serialize;

use crate::config::Institution;

/// The institution for a page. Missing parts are empty.
#[derive(Serialize)]
pub(super) struct InstitutionContext<'a> {
    name: &'a str,
    /// Whom users ask.
    contact: &'a str,
    /// The URL of a link on `contact`.
    contact_url: &'a str,
}

impl<'a> InstitutionContext<'a> {
    pub(super) fn of(institution: &'a Institution) -> Self {
        let contact = institution.contact.as_ref();
        Self {
            name: &institution.name,
            contact: contact.map_or("", |contact| &contact.text),
            contact_url: contact.map_or("", |contact| &contact.url),
        }
    }

    /// The institution for a page on which users need no help.
    pub(super) fn without_contact(institution: &'a Institution) -> Self {
        Self { name: &institution.name, contact: "", contact_url: "" }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Contact;
    use crate::web::page;

    /// The link or the text for whom users ask.
    fn shown(contact: Contact) -> String {
        let institution = Institution { name: String::new(), contact: Some(contact) };
        let context = serde_json::json!({ "institution": InstitutionContext::of(&institution) });
        page::render("contact.html.tera", &context).expect("a page").text.trim().to_owned()
    }

    #[test]
    fn only_a_url_is_a_link_and_everything_is_escaped() {
        let check = |text: &str, url: &str, expected: &str| {
            let contact = Contact { text: text.to_owned(), url: url.to_owned() };
            assert_eq!(shown(contact), expected);
        };
        check("<b>Ada</b> & Bob", "", "<bdi>&lt;b&gt;Ada&lt;/b&gt; &amp; Bob</bdi>");
        check(
            "a@x.example",
            "mailto:a@x.example?a=b&c=d",
            "<a href=\"mailto:a@x.example?a=b&amp;c=d\" rel=\"noreferrer\">a@x.example</a>",
        );
        check(
            "x.example",
            "https://x.example",
            "<a href=\"https://x.example\" target=\"_blank\" rel=\"noreferrer\">x.example</a>",
        );
    }
}
