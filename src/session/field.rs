/// Declares what a session can hold of a launch: a row for each field, with the LTI 1.1 parameter that
/// brings it. The row's place is the field's position in a sealed session, so new rows go to the end.
macro_rules! fields {
    ($( $(#[$doc:meta])* $field:ident => $parameter:literal, )+) => {
        /// One value that a session can hold of its launch.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Field {
            $( $(#[$doc])* $field, )+
        }

        impl Field {
            /// Every field, by its position in a sealed session.
            pub(super) const ALL: &[Self] = &[$( Self::$field, )+];

            /// The LTI 1.1 parameter that brings it, and its name in logs.
            pub fn parameter(self) -> &'static str {
                match self {
                    $( Self::$field => $parameter, )+
                }
            }
        }
    };
}

fields! {
    /// The user, unique within the sender.
    UserId => "user_id",
    /// The course.
    ContextId => "context_id",
    /// The link in the course.
    ResourceLinkId => "resource_link_id",
    /// The user's full name.
    Name => "lis_person_name_full",
    /// The user's e-mail address.
    Email => "lis_person_contact_email_primary",
    /// The user's given name.
    GivenName => "lis_person_name_given",
    /// The user's family name.
    FamilyName => "lis_person_name_family",
    /// The user in the institution's records.
    PersonSourcedId => "lis_person_sourcedid",
    /// The roles, as the platform sent them.
    Roles => "roles",
    /// The language and region.
    Locale => "launch_presentation_locale",
    /// The link's title.
    ResourceLinkTitle => "resource_link_title",
    /// The course's title.
    ContextTitle => "context_title",
    /// The course's short name.
    ContextLabel => "context_label",
    /// Where the platform wants its user back.
    ReturnUrl => "launch_presentation_return_url",
    /// The kinds of course.
    ContextType => "context_type",
    /// The users that a mentor mentors.
    MentoredUsers => "role_scope_mentor",
    /// The course section in the institution's records.
    CourseSectionSourcedId => "lis_course_section_sourcedid",
    /// The course offering in the institution's records.
    CourseOfferingSourcedId => "lis_course_offering_sourcedid",
    /// Whether the tool is in a frame or a window.
    DocumentTarget => "launch_presentation_document_target",
    /// The platform's id.
    PlatformGuid => "tool_consumer_instance_guid",
    /// The platform's product.
    PlatformProduct => "tool_consumer_info_product_family_code",
    /// The platform's name.
    PlatformName => "tool_consumer_instance_name",
    /// The platform's URL.
    PlatformUrl => "tool_consumer_instance_url",
    /// The version of the platform's product.
    PlatformVersion => "tool_consumer_info_version",
    /// The width of the tool's frame.
    Width => "launch_presentation_width",
    /// The height of the tool's frame.
    Height => "launch_presentation_height",
    /// The platform's style sheet.
    StyleUrl => "launch_presentation_css_url",
    /// The link's description.
    ResourceLinkDescription => "resource_link_description",
    /// The user's middle name.
    MiddleName => "lis_person_name_middle",
    /// The user's picture.
    Picture => "user_image",
    /// The platform's description.
    PlatformDescription => "tool_consumer_instance_description",
    /// The platform's contact address.
    PlatformEmail => "tool_consumer_instance_contact_email",
    /// Where an outcome service takes the grade.
    GradeUrl => "lis_outcome_service_url",
    /// The outcome service's id of the result.
    GradeResultId => "lis_result_sourcedid",
    /// How the platform signs, unless it is HMAC-SHA1.
    GradeSignatureMethod => "oauth_signature_method",
}

impl Field {
    /// The user's own data. Users can write them in many platforms.
    pub(super) const PERSONAL: [Self; 7] = [
        Self::Name,
        Self::Email,
        Self::GivenName,
        Self::FamilyName,
        Self::PersonSourcedId,
        Self::MiddleName,
        Self::Picture,
    ];

    /// The position in a sealed session.
    pub(super) fn position(self) -> u8 {
        self as u8
    }

    /// The field at a position; `None` for one of a newer version.
    pub(super) fn at(position: u8) -> Option<Self> {
        Self::ALL.get(usize::from(position)).copied()
    }

    pub(super) fn is_personal(self) -> bool {
        Self::PERSONAL.contains(&self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_found_at_its_position() {
        for field in Field::ALL {
            assert_eq!(Field::at(field.position()), Some(*field));
        }
        assert_eq!(Field::at(35), None);
    }
}
