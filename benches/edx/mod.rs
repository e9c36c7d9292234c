//! A launch as edX sends it for a graded block, with personal data and custom parameters: 40
//! parameters.

use lti::Secret;
use lti::oauth1::{Credentials, SignatureMethod, SigningKey};
use lti::v1p1::sign;

/// The launch URL.
pub const URL: &str = "https://our-tools.example/lti/hello";
/// The consumer's key.
pub const KEY: &str = "hello-key";
/// The consumer's secret.
pub const SECRET: &str = "0123456789abcdef0123456789abcdef";

const PARAMS: [(&str, &str); 33] = [
    ("lti_message_type", "basic-lti-launch-request"),
    ("lti_version", "LTI-1p0"),
    (
        "resource_link_id",
        "block-v1:edX+DemoX+2026+type@lti_consumer+block@0f1e2d3c4b5a69788796a5b4c3d2e1f0",
    ),
    ("user_id", "35d0c1c6f5d0e4a1b2c3d4e5f6a7b8c9"),
    ("roles", "Student,Learner"),
    (
        "lis_result_sourcedid",
        "course-v1%3AedX%2BDemoX%2B2026:block-v1:edX+DemoX+2026+type@lti_consumer+block@0f1e2d3c4b5a69788796a5b4c3d2e1f0:35d0c1c6f5d0e4a1b2c3d4e5f6a7b8c9",
    ),
    (
        "lis_outcome_service_url",
        "https://courses.example.edu/courses/course-v1:edX+DemoX+2026/xblock/block-v1:edX+DemoX+2026+type@lti_consumer+block@0f1e2d3c4b5a69788796a5b4c3d2e1f0/handler_noauth/outcome_service_handler",
    ),
    ("lis_person_sourcedid", "anne.learner"),
    ("lis_person_name_full", "Anne Zoë Learner"),
    ("lis_person_contact_email_primary", "anne.learner@example.edu"),
    ("context_id", "course-v1:edX+DemoX+2026"),
    ("context_title", "Demonstration Course: Everything you need"),
    ("context_label", "edX University"),
    ("launch_presentation_return_url", ""),
    ("launch_presentation_locale", "en"),
    ("tool_consumer_info_product_family_code", "Your Platform Name Here"),
    ("tool_consumer_instance_guid", "courses.example.edu"),
    ("custom_component_display_name", "A quiz about everything"),
    ("custom_component_due_date", "2026-12-24 18:00:00"),
    ("custom_component_graceperiod", "86400.0"),
    ("custom_week", "12"),
    ("custom_level", "advanced"),
    ("custom_colour", "blue & green"),
    ("custom_home", "https://example.edu/home?a=1&b=2"),
    ("custom_a", "a value of some length that says little"),
    ("custom_b", "b value of some length that says little"),
    ("custom_c", "c value of some length that says little"),
    ("custom_d", "d value of some length that says little"),
    ("custom_e", "e value of some length that says little"),
    ("custom_f", "f value of some length that says little"),
    ("ext_lms", "edX"),
    ("ext_user_language", "en"),
    ("ext_submit", "Press to launch"),
];

/// The body of a launch signed at `timestamp` with `nonce`: 33 parameters, six OAuth parameters and
/// the signature.
pub fn launch(timestamp: u64, nonce: &str) -> String {
    let signing_key = SigningKey::new(&Secret::new(SECRET));
    let credentials = Credentials {
        key: KEY,
        signing_key: &signing_key,
        method: SignatureMethod::HmacSha1,
        timestamp,
        nonce,
    };
    sign(URL, &PARAMS, &credentials).expect("a well-formed URL")
}
