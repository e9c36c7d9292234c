//! Who somebody is in the course, and what that opens.

use super::*;

/// One tool for everybody that tells the roles, and one for staff.
const ROLES: &str = r#"
[gateway]
public_url = "https://tool.example"
secret = "the gateway's own, of 32 characters"

[tools.a]
key = "key-1"
secret = "s3cret"
template = "roles"

[tools.staff]
key = "key-1"
secret = "s3cret"
template = "page"
roles = ["staff"]
"#;

const TELL: &str = "launched {{ launch.roles | join(sep=' ') }}; {{ launch.is_learner }} {{ launch.is_instructor }} \
                    {{ launch.is_administrator }} {{ launch.is_staff }}";

struct Rooms(Server, std::cell::Cell<u32>);

impl Rooms {
    fn new() -> Self {
        let templates = [("page.html.tera", PAGE), ("roles.html.tera", TELL)];
        let server =
            Server::start(&Setup { tools: ROLES, templates: &templates, ..Setup::default() });
        Self(server, std::cell::Cell::default())
    }

    /// Launches both tools with this `roles`: the first has to tell exactly the expected roles, and the other has to
    /// open for instructors and administrators alone.
    #[track_caller]
    fn check(&self, roles: &str, expected: &str) {
        let Self(server, count) = self;
        count.set(count.get() + 1);
        let nonce = count.get().to_string();
        let form = Form { nonce: &nonce, ..launch() }.but(&[("roles", roles)]);
        let reply = server.post("/lti/a", &form.sign());
        accepted(&reply);
        let is = |role: &str| expected.split(' ').any(|one| one == role);
        let staff = is("instructor") || is("administrator");
        let flags = [is("learner"), is("instructor"), is("administrator"), staff]
            .map(|flag| flag.to_string());
        assert_eq!(reply.body, format!("launched {expected}; {}", flags.join(" ")), "{roles:?}");

        let form = Form { url: "https://tool.example/lti/staff", ..form };
        if staff {
            accept_at(server, "/lti/staff", &form.sign());
        } else {
            reject_at(server, "/lti/staff", &form.sign(), 403, "role-not-allowed");
        }
    }
}

// Checklist F1.f 106 to 109.
#[test]
fn names_and_urns_of_instructors_grant_instructor() {
    let rooms = Rooms::new();
    rooms.check("Instructor", "instructor");
    rooms.check("urn:lti:role:ims/lis/Instructor", "instructor");
    rooms.check(
        "urn:non:ims/something/Else,Instructor,urn:lti:instrole:ims/lis/Alumni",
        "instructor",
    );
    rooms.check(
        "urn:non:ims/something/Else,urn:lti:role:ims/lis/Instructor,urn:lti:instrole:ims/lis/Alumni",
        "instructor",
    );
}

// Checklist F1.f 110.
#[test]
fn a_learner_with_unknown_roles_is_a_learner() {
    let rooms = Rooms::new();
    rooms.check(
        "urn:non:ims/something/Else,urn:lti:role:ims/lis/Learner,urn:lti:instrole:ims/lis/Alumni",
        "learner",
    );
}

// Checklist F1.f 111 to 114.
#[test]
fn unknown_and_misspelled_roles_grant_nothing() {
    let rooms = Rooms::new();
    for nobody in [
        "urn:non:ims/something/Else",
        "urn:lti:instrole:ims/lis/Learner",
        "urn:lti:instrole:ims/lis/Alumni",
        "NotALearner",
        "Instructors",
        "NonInstructor",
        "instructor",
        "INSTRUCTOR",
        "Inst ructor",
        "Instructor;Administrator",
        "Instructor Administrator",
        "staff",
        "Staff",
        "Faculty",
        "Teacher",
        "*",
        "urn:lti:role:ims/lis/",
        "urn:lti:role:ims/lis/instructor",
        "URN:LTI:ROLE:IMS/LIS/Instructor",
        "xurn:lti:role:ims/lis/Instructor",
        "urn:lti:role:ims/lis/urn:lti:role:ims/lis/Instructor",
        "Else/Instructor",
        "Else#Administrator",
    ] {
        rooms.check(nobody, "");
    }
}

// Checklist F1.f 115 and 116.
#[test]
fn institution_and_system_roles_grant_nothing() {
    let rooms = Rooms::new();
    for elsewhere in [
        "urn:lti:instrole:ims/lis/Instructor",
        "urn:lti:instrole:ims/lis/Faculty",
        "urn:lti:instrole:ims/lis/Staff",
        "urn:lti:instrole:ims/lis/Administrator",
        "urn:lti:sysrole:ims/lis/SysAdmin",
        "urn:lti:sysrole:ims/lis/Administrator",
        "http://purl.imsglobal.org/vocab/lis/v2/system/person#Administrator",
        "http://purl.imsglobal.org/vocab/lis/v2/person#Administrator",
        "http://purl.imsglobal.org/vocab/lti/system/person#TestUser",
    ] {
        rooms.check(&format!("Learner,{elsewhere}"), "learner");
        rooms.check(elsewhere, "");
    }
}

// Checklist F1.f 117.
#[test]
fn sub_roles_of_instructors_grant_instructor() {
    let rooms = Rooms::new();
    for kind in [
        "Instructor/Lecturer",
        "Instructor#Lecturer",
        "urn:lti:role:ims/lis/Instructor/Lecturer",
        "http://purl.imsglobal.org/vocab/lis/v2/membership/Instructor#Lecturer",
    ] {
        rooms.check(kind, "instructor");
    }
}

// Checklist F1.f 118.
#[test]
fn a_teaching_assistant_is_not_an_instructor() {
    let rooms = Rooms::new();
    for assistant in [
        "urn:lti:role:ims/lis/TeachingAssistant",
        "TeachingAssistant",
        "TeachingAssistant/TeachingAssistantSection",
        "Instructor#TeachingAssistant",
        "http://purl.imsglobal.org/vocab/lis/v2/membership/Instructor#TeachingAssistant",
        // Platforms send the principal role beside the sub-role, in any order.
        "Instructor,Instructor#TeachingAssistant",
        "http://purl.imsglobal.org/vocab/lis/v2/membership/Instructor#TeachingAssistant,http://purl.imsglobal.org/vocab/lis/v2/membership#Instructor",
    ] {
        rooms.check(assistant, "teaching_assistant");
    }
}

// Checklist F1.f 119 to 121.
#[test]
fn short_role_names_are_accepted() {
    let rooms = Rooms::new();
    rooms.check("Student,Learner", "learner");
    rooms.check("Student", "learner");
    rooms.check("Administrator", "administrator");
    rooms.check("Administrator,Student", "learner administrator");
    rooms.check(" Learner , Instructor ", "learner instructor");
    rooms.check("Learner,\r\n\tInstructor", "learner instructor");
    rooms.check("ContentDeveloper,Mentor,,Learner", "learner content_developer mentor");
}

// Checklist F1.f 122.
#[test]
fn empty_or_missing_roles_grant_nothing() {
    let rooms = Rooms::new();
    for nothing in ["", ",,", " , ", "$Membership.role", "\0"] {
        rooms.check(nothing, "");
    }
    let missing = Form { nonce: "missing", ..launch() }.without("roles");
    let reply = rooms.0.post("/lti/a", &missing.sign());
    accepted(&reply);
    assert_eq!(reply.body, "launched ; false false false false");
    let missing = Form { url: "https://tool.example/lti/staff", ..missing };
    reject_at(&rooms.0, "/lti/staff", &missing.sign(), 403, "role-not-allowed");
}

// Checklist F1.f 123 and 124.
#[test]
fn only_membership_uris_grant_roles() {
    let rooms = Rooms::new();
    rooms.check("http://purl.imsglobal.org/vocab/lis/v2/membership#Instructor", "instructor");
    rooms.check("http://purl.imsglobal.org/vocab/lis/v2/membership#Learner", "learner");
    rooms.check("http://purl.imsglobal.org/vocab/lis/v2/membership#Administrator", "administrator");
    rooms.check("http://purl.imsglobal.org/vocab/lis/v2/institution/person#Instructor", "");
    rooms.check("http://purl.imsglobal.org/vocab/lis/v2/membershipInstructor", "");
    rooms.check("https://evil.example/membership#Instructor", "");
}

// Checklist F1.f 125.
#[test]
fn an_observer_is_a_mentor_and_a_learner() {
    let rooms = Rooms::new();
    rooms.check(
        "urn:lti:role:ims/lis/Learner/NonCreditLearner,urn:lti:role:ims/lis/Mentor",
        "learner mentor",
    );
}

#[test]
fn the_log_shows_the_roles_that_may_not_launch() {
    let rooms = Rooms::new();
    let form = Form { url: "https://tool.example/lti/staff", ..launch() };
    let reply = reject_at(&rooms.0, "/lti/staff", &form.sign(), 403, "role-not-allowed");
    assert!(reply.body.contains("This activity is not for your role"), "{}", reply.body);
    let line = line_of(&reply);
    assert!(line.contains("none of the roles {Learner} may launch this tool"), "{line}");
}

#[test]
fn teaching_assistants_of_a_section_are_not_instructors() {
    let server = Server::start(&Setup {
        tools: TOOLS,
        templates: &[("page.html.tera", "launched {{ launch.roles | join(sep=' ') }}")],
        ..Setup::default()
    });
    for sub in ["Group", "Offering", "Section", "SectionAssociation", "Template"] {
        let roles = format!(
            "http://purl.imsglobal.org/vocab/lis/v2/membership/Instructor#TeachingAssistant{sub}"
        );
        let form = Form { nonce: sub, ..launch() }.but(&[("roles", &roles)]).sign();
        assert_eq!(server.post("/lti/a", &form).body, "launched teaching_assistant", "{sub}");
    }
}
