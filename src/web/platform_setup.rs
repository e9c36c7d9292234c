//! The fields of a platform for LTI 1.3, by the platform's own names, with the values to paste.

use serde::Serialize;

use crate::config::{PRACTICE_PLATFORM, Platform, PlatformType, PublicUrl, Tool};

/// The registration of a tool at one platform.
#[derive(Serialize)]
pub(super) struct PlatformSetup<'a> {
    /// The name of the platform's table.
    name: &'a str,
    /// The product, if the table has a type.
    product: Option<String>,
    /// The page of the platform with the fields.
    place: &'static str,
    fields: Vec<SetupField>,
    /// The values to copy into the platform's table.
    back: &'static str,
    is_being_set_up: bool,
    /// The command for a dynamic registration. Empty for a platform without, or with a client.
    register: String,
    /// The page of the docs.
    docs: &'static str,
}

/// One field of the platform.
#[derive(Serialize)]
struct SetupField {
    label: &'static str,
    value: FieldValue,
}

/// The content of a field.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum FieldValue {
    /// A value to paste.
    Paste(String),
    /// An option to select, or an instruction.
    Choose(&'static str),
}

/// The values of a tool that a platform needs.
struct ToolUrls {
    launch: String,
    /// Scheme, host and port of the launch URL.
    origin: String,
    host: String,
    login: String,
    keyset: String,
    /// The URL of the JSON that Canvas imports.
    canvas: String,
}

/// The registration of a tool at each of its platforms. `host` is the host of its launch URL.
pub(super) fn setups<'a>(
    tool: &'a Tool,
    public_url: &PublicUrl,
    authority: &str,
    host: &str,
) -> Vec<PlatformSetup<'a>> {
    let of = |platform: &'a Platform| {
        let launch = public_url.launch_url(tool, Some(authority));
        let urls = ToolUrls {
            origin: launch.strip_suffix(&*tool.path.to_string()).unwrap_or(&launch).to_owned(),
            launch,
            host: host.to_owned(),
            login: public_url.login_url(Some(authority)),
            keyset: public_url.keyset_url(platform, Some(authority)),
            canvas: public_url.canvas_url(tool, platform, Some(authority)),
        };
        setup(platform, &tool.name, urls)
    };
    // The practice platform needs no setup.
    let platforms = tool.senders.platforms.iter();
    let platforms = platforms.filter(|platform| platform.name.as_str() != PRACTICE_PLATFORM);
    platforms.map(|platform| of(platform)).collect()
}

/// The labels agree with docs/platforms/.
fn setup<'p>(platform: &'p Platform, tool: &str, urls: ToolUrls) -> PlatformSetup<'p> {
    use FieldValue::{Choose, Paste};
    let ToolUrls { launch, origin, host, login, keyset, canvas } = urls;
    let (place, fields, back, docs) = match platform.kind {
        Some(PlatformType::Edx) => (
            "In Studio, the editor of an LTI Consumer block. Older releases name the fields \
             slightly differently.",
            vec![
                ("LTI Version", Choose("LTI 1.3")),
                ("Launch URL", Paste(launch)),
                ("Tool Initiate Login URL (OIDC)", Paste(login)),
                ("Registered Redirect URIs", Choose("leave empty")),
                ("Tool Public Key Mode", Choose("Keyset URL")),
                ("Tool Keyset URL", Paste(keyset)),
            ],
            "Client ID and Keyset URL, which Studio shows below the saved block",
            "platforms/edx.md",
        ),
        Some(PlatformType::Moodle) => (
            "Site administration → Plugins → Activity modules → External tool → Manage tools → \
             configure a tool manually.",
            vec![
                ("Tool URL", Paste(launch.clone())),
                ("LTI version", Choose("LTI 1.3")),
                ("Public key type", Choose("Keyset URL")),
                ("Public keyset", Paste(keyset)),
                ("Initiate login URL", Paste(login)),
                ("Redirection URI(s)", Paste(launch)),
            ],
            "Client ID, from “View configuration details” of the saved tool",
            "platforms/moodle.md",
        ),
        Some(PlatformType::Canvas) => (
            "Admin → Developer Keys → Developer Key → LTI Key.",
            vec![
                ("Redirect URIs", Paste(launch)),
                ("Method", Choose("Enter URL")),
                ("JSON URL", Paste(canvas)),
            ],
            "the number of the key, in the column Details",
            "platforms/canvas.md",
        ),
        Some(PlatformType::Blackboard) => (
            "The developer portal of Blackboard (Anthology), a new application that supports LTI \
             1.3.",
            vec![
                ("Domain(s)", Paste(host)),
                ("Login Initiation URL", Paste(login)),
                ("Tool Redirect URL(s)", Paste(launch)),
                ("Tool JWKS URL", Paste(keyset)),
                ("Signing Algorithm", Choose("RS256")),
            ],
            "Application ID as client id, and the Deployment ID that Learn shows",
            "platforms/blackboard.md",
        ),
        Some(PlatformType::Brightspace) => (
            "Admin Tools → Manage Extensibility → LTI Advantage → Register Tool → Standard.",
            vec![
                ("Domain", Paste(origin)),
                ("Redirect URLs", Paste(launch.clone())),
                ("OpenID Connect Login URL", Paste(login)),
                ("Target Link URI", Paste(launch)),
                ("Keyset URL", Paste(keyset)),
            ],
            "Client Id",
            "platforms/brightspace.md",
        ),
        Some(PlatformType::Schoology) | None => (
            "The registration of an LTI 1.3 tool. Its fields may have other names.",
            vec![
                ("Launch URL (target link URI)", Paste(launch.clone())),
                ("Login URL (OpenID Connect initiation)", Paste(login)),
                ("Redirect URI", Paste(launch)),
                ("Keyset URL (JWKS)", Paste(keyset)),
            ],
            "the client id",
            "lti-1.3.md",
        ),
    };
    PlatformSetup {
        name: platform.name.as_str(),
        product: platform.kind.map(|kind| kind.to_string()),
        place,
        fields: fields.into_iter().map(|(label, value)| SetupField { label, value }).collect(),
        back,
        is_being_set_up: platform.is_being_set_up(),
        register: match platform.is_being_set_up() && platform.kind != Some(PlatformType::Edx) {
            true => format!("lti-gateway register {} --tool {tool}", platform.name),
            false => String::new(),
        },
        docs,
    }
}
