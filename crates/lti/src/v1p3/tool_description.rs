//! A tool for the registration at a platform: the JSON configuration that Canvas imports, and the
//! values of a dynamic registration.

use serde_json::json;

/// The scope of the Names and Role Provisioning Services.
const MEMBERS_SCOPE: &str =
    "https://purl.imsglobal.org/spec/lti-nrps/scope/contextmembership.readonly";

/// A tool, as a platform registers it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolDescription {
    /// The tool's name in the configuration.
    pub name: String,
    /// The title that users see.
    pub title: String,
    /// The text below the title. May be empty.
    pub description: String,
    /// The URL of an icon.
    pub icon_url: Option<String>,
    /// The launch URL, which is also the target of deep linking.
    pub launch_url: String,
    /// The URLs to which the platform may post tokens.
    pub redirect_urls: Vec<String>,
    /// The URL of the login.
    pub login_url: String,
    /// The URL of the gateway's keyset for the platform.
    pub keyset_url: String,
    /// The host of the launch URL, with its port if it has one.
    pub domain: String,
    /// Whether no other tool has this host.
    pub has_own_host: bool,
    /// The scopes of services that the tool uses.
    pub scopes: Vec<&'static str>,
    /// Whether the tool receives the user's name.
    pub wants_name: bool,
    /// Whether the tool receives the user's e-mail address.
    pub wants_email: bool,
}

impl ToolDescription {
    /// The scope of the course's members.
    pub const MEMBERS_SCOPE: &'static str = MEMBERS_SCOPE;

    /// The placements in Canvas, of launches and of deep linking. Canvas has no other message in
    /// the first, and no launches in the last.
    pub(super) const CANVAS_PLACEMENTS: [&'static [&'static str]; 2] =
        [&["course_navigation"], &["link_selection", "assignment_selection", "editor_button"]];

    /// The configuration that Canvas imports from a URL or as text (`Schemas::LtiConfiguration` in
    /// its source).
    pub fn canvas_configuration(&self) -> String {
        let messages = ["LtiResourceLinkRequest", "LtiDeepLinkingRequest"];
        let of_message = |(message, placements): (&&str, &&'static [&'static str])| {
            let placement = |placement: &&str| {
                let mut settings = json!({
                    "placement": placement,
                    "enabled": true,
                    "message_type": message,
                    "target_link_uri": self.launch_url,
                    "text": self.title,
                });
                if let Some(icon) = &self.icon_url {
                    settings["icon_url"] = icon.as_str().into();
                }
                settings
            };
            placements.iter().map(placement).collect::<Vec<_>>()
        };
        let placements: Vec<_> =
            messages.iter().zip(&Self::CANVAS_PLACEMENTS).flat_map(of_message).collect();
        let mut settings = json!({ "text": self.title, "placements": placements });
        if let Some(icon) = &self.icon_url {
            settings["icon_url"] = icon.as_str().into();
        }
        let mut extension = json!({
            "platform": "canvas.instructure.com",
            "tool_id": self.name,
            "privacy_level": self.privacy_level(),
            "settings": settings,
        });
        // Canvas would open every link to this host with this tool.
        if self.has_own_host {
            extension["domain"] = self.domain.as_str().into();
        }
        let configuration = json!({
            "title": self.title,
            "description": self.description_or_title(),
            "target_link_uri": self.launch_url,
            "oidc_initiation_url": self.login_url,
            "public_jwk_url": self.keyset_url,
            "redirect_uris": self.redirect_urls,
            "scopes": self.scopes,
            "custom_fields": {},
            "extensions": [extension],
        });
        format!("{configuration:#}")
    }

    /// Platforms require a description.
    pub(super) fn description_or_title(&self) -> &str {
        if self.description.is_empty() { &self.title } else { &self.description }
    }

    /// Canvas's privacy level.
    pub fn privacy_level(&self) -> &'static str {
        match (self.wants_name, self.wants_email) {
            (true, true) => "public",
            (true, false) => "name_only",
            (false, true) => "email_only",
            (false, false) => "anonymous",
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn tool() -> ToolDescription {
        ToolDescription {
            name: "nb".to_owned(),
            title: "Notebook".to_owned(),
            description: String::new(),
            icon_url: None,
            launch_url: "https://tool.example/lti/nb".to_owned(),
            redirect_urls: vec!["https://tool.example/lti/nb".to_owned()],
            login_url: "https://tool.example/~login".to_owned(),
            keyset_url: "https://tool.example/.well-known/jwks/canvas.json".to_owned(),
            domain: "tool.example".to_owned(),
            has_own_host: false,
            scopes: vec![MEMBERS_SCOPE],
            wants_name: true,
            wants_email: false,
        }
    }

    fn canvas(tool: &ToolDescription) -> Value {
        serde_json::from_str(&tool.canvas_configuration()).expect("JSON")
    }

    // Canvas rejects a placement with another message (`Lti::ResourcePlacement` in its source).
    #[test]
    fn each_placement_of_canvas_has_a_message_that_it_supports() {
        let configuration = canvas(&tool());
        let settings = &configuration["extensions"][0]["settings"];
        let placements = settings["placements"].as_array().expect("a list");
        let found: Vec<_> = placements
            .iter()
            .map(|one| (one["placement"].as_str().expect("a name"), &one["message_type"]))
            .collect();
        let (launch, selection) = (json!("LtiResourceLinkRequest"), json!("LtiDeepLinkingRequest"));
        assert_eq!(
            found,
            [
                ("course_navigation", &launch),
                ("link_selection", &selection),
                ("assignment_selection", &selection),
                ("editor_button", &selection),
            ]
        );
        let registration: Value = serde_json::from_str(&tool().registration(true)).expect("JSON");
        let configuration = &registration["https://purl.imsglobal.org/spec/lti-tool-configuration"];
        let messages = configuration["messages"].as_array().expect("a list");
        for (message, expected) in messages.iter().zip(ToolDescription::CANVAS_PLACEMENTS) {
            assert_eq!(message["placements"], json!(expected));
        }
    }

    #[test]
    fn canvas_receives_the_privacy_level_and_a_domain_of_the_tools_own_only() {
        let extension = |tool: &ToolDescription| canvas(tool)["extensions"][0].clone();
        for (wants_name, wants_email, level) in [
            (true, true, "public"),
            (true, false, "name_only"),
            (false, true, "email_only"),
            (false, false, "anonymous"),
        ] {
            let tool = ToolDescription { wants_name, wants_email, ..tool() };
            assert_eq!(extension(&tool)["privacy_level"], level);
            assert_eq!(extension(&tool).get("domain"), None);
        }
        let tool = ToolDescription { has_own_host: true, ..tool() };
        assert_eq!(extension(&tool)["domain"], "tool.example");
    }

    #[test]
    fn a_registration_has_what_the_standard_and_each_platform_require() {
        let document: Value = serde_json::from_str(&tool().registration(false)).expect("JSON");
        let launch_url = "https://tool.example/lti/nb";
        let message =
            |kind: &str| json!({"type": kind, "target_link_uri": launch_url, "label": "Notebook"});
        assert_eq!(
            document,
            json!({
                "application_type": "web",
                "response_types": ["id_token"],
                "grant_types": ["implicit", "client_credentials"],
                "initiate_login_uri": "https://tool.example/~login",
                "redirect_uris": [launch_url],
                "client_name": "Notebook",
                "jwks_uri": "https://tool.example/.well-known/jwks/canvas.json",
                "token_endpoint_auth_method": "private_key_jwt",
                "scope": MEMBERS_SCOPE,
                "https://purl.imsglobal.org/spec/lti-tool-configuration": {
                    "domain": "tool.example",
                    "description": "Notebook",
                    "target_link_uri": launch_url,
                    "claims": ["iss", "sub", "name", "given_name", "family_name"],
                    "messages": [
                        message("LtiResourceLinkRequest"),
                        message("LtiDeepLinkingRequest"),
                    ],
                },
            })
        );
        let icon_url = Some("https://tool.example/icon.png".to_owned());
        let tool = ToolDescription { icon_url, wants_email: true, ..tool() };
        let document: Value = serde_json::from_str(&tool.registration(false)).expect("JSON");
        assert_eq!(document["logo_uri"], "https://tool.example/icon.png");
    }
}
