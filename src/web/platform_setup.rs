//! The values to register in a platform of LTI 1.3, under the platform's own labels.

use serde::Serialize;

use crate::config::{Platform, PlatformType, PublicUrl, Tool};

/// One platform of a tool, for the tool list.
#[derive(Serialize)]
pub(super) struct PlatformSetup<'a> {
    name: &'a str,
    /// The product; empty if it is not known.
    product: String,
    values: Vec<LabeledValue>,
    /// Whether the gateway has no client there.
    is_being_set_up: bool,
}

/// A value under the label of its field.
#[derive(Serialize)]
struct LabeledValue {
    label: &'static str,
    text: String,
}

/// The labels of a platform's fields.
struct Labels {
    launch: &'static str,
    login: &'static str,
    /// `None` if the platform needs no redirect URI.
    redirect: Option<&'static str>,
    keyset: &'static str,
}

impl<'a> PlatformSetup<'a> {
    /// The values for a request to this host and port.
    pub(super) fn new(
        public_url: &PublicUrl,
        tool: &Tool,
        platform: &'a Platform,
        authority: &str,
    ) -> Self {
        let Labels { launch, login, redirect, keyset } = labels(platform.kind);
        let launch_url = public_url.launch_url(tool, Some(authority));
        let values = [
            Some((launch, launch_url.clone())),
            Some((login, public_url.login_url(Some(authority)))),
            redirect.map(|label| (label, launch_url)),
            Some((keyset, public_url.keyset_url(platform, Some(authority)))),
        ];
        let value = |(label, text)| LabeledValue { label, text };
        Self {
            name: platform.name.as_str(),
            product: platform.kind.map(|kind| kind.to_string()).unwrap_or_default(),
            values: values.into_iter().flatten().map(value).collect(),
            is_being_set_up: platform.is_being_set_up(),
        }
    }
}

fn labels(kind: Option<PlatformType>) -> Labels {
    match kind {
        Some(PlatformType::Edx) => Labels {
            launch: "Tool Launch URL",
            login: "Tool Initiate Login URL",
            redirect: None,
            keyset: "Tool Keyset URL",
        },
        Some(PlatformType::Moodle) => Labels {
            launch: "Tool URL",
            login: "Initiate login URL",
            redirect: Some("Redirection URI(s)"),
            keyset: "Public keyset",
        },
        Some(PlatformType::Canvas) => Labels {
            launch: "Target Link URI",
            login: "OpenID Connect Initiation Url",
            redirect: Some("Redirect URIs"),
            keyset: "Public JWK URL",
        },
        Some(PlatformType::Blackboard) => Labels {
            launch: "Target Link URI",
            login: "Login Initiation URL",
            redirect: Some("Tool Redirect URL(s)"),
            keyset: "Tool JWKS URL",
        },
        Some(PlatformType::Brightspace) => Labels {
            launch: "Target Link URI",
            login: "OpenID Connect Login URL",
            redirect: Some("Redirect URLs"),
            keyset: "Keyset URL",
        },
        Some(PlatformType::Schoology) | None => Labels {
            launch: "Launch URL (target link URI)",
            login: "Login URL (OpenID Connect)",
            redirect: Some("Redirect URI"),
            keyset: "Keyset URL (JWKS)",
        },
    }
}
