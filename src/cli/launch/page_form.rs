//! The form of a page of the practice platform.

/// The first form of a page that sends itself: where it leads, and its hidden fields.
pub(super) struct PageForm {
    pub(super) action: String,
    pub(super) fields: Vec<(String, String)>,
}

impl PageForm {
    /// Reads a page of the gateway, whose forms have one spelling. `None` for every other page.
    pub(super) fn read(page: &str) -> Option<Self> {
        let form = page.split("<form method=\"post\"").nth(1)?.split("</form>").next()?;
        let attribute = |text: &str, name: &str| {
            let (_, rest) = text.split_once(&format!(" {name}=\""))?;
            Some(unescaped(rest.split_once('"')?.0))
        };
        let inputs = form.split("<input type=\"hidden\"").skip(1);
        let fields = inputs.map(|input| {
            let input = format!(" {}", input.trim_start());
            Some((attribute(&input, "name")?, attribute(&input, "value")?))
        });
        Some(Self { action: attribute(form, "action")?, fields: fields.collect::<Option<_>>()? })
    }
}

/// The text of an attribute that Tera escaped.
fn unescaped(text: &str) -> String {
    [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#x27;", "'"),
        ("&#x2F;", "/"),
        ("&amp;", "&"),
    ]
    .into_iter()
    .fold(text.to_owned(), |text, (escaped, letter)| text.replace(escaped, letter))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn action_and_fields_are_read_without_escapes() {
        let page = "<a href=\"/\"><form method=\"post\" id=\"a\" action=\"http:&#x2F;&#x2F;x&#x2F;?a=1&amp;b\">\n\
                    <input type=\"hidden\" name=\"state\" value=\"&amp;lt;&quot;&#x27;\">\n\
                    <input type=\"hidden\" name=\"empty\" value=\"\"><button>Go</button></form>";
        let form = PageForm::read(page).expect("a form");
        assert_eq!(form.action, "http://x/?a=1&b");
        let fields = [("state", "&lt;\"'"), ("empty", "")];
        assert_eq!(form.fields, fields.map(|(name, value)| (name.to_owned(), value.to_owned())));
        assert!(PageForm::read("<form action=\"/\"></form>").is_none());
    }
}
