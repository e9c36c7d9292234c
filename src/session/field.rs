/// Declares the fields of a session: a row for each field, with its LTI 1.1 parameter. The index of
/// the row is the field's position in a sealed session, so append new rows.
macro_rules! fields {
    ($( $(#[$doc:meta])* $field:ident => $parameter:literal, )+) => {
        /// A value of a launch that a session can hold.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Field {
            $( $(#[$doc])* $field, )+
        }

        impl Field {
            /// Every field, by its position in a sealed session.
            pub(super) const ALL: &[Self] = &[$( Self::$field, )+];

            /// The LTI 1.1 parameter, which is also the name in logs.
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
    /// The resource link in the course.
    ResourceLinkId => "resource_link_id",
    /// The user's full name.
    Name => "lis_person_name_full",
    /// The user's e-mail address.
    Email => "lis_person_contact_email_primary",
    /// The user's given name.
    GivenName => "lis_person_name_given",
    /// The user's family name.
    FamilyName => "lis_person_name_family",
    /// The user's id in the institution's records.
    PersonSourcedId => "lis_person_sourcedid",
    /// The roles, as the platform sent them.
    Roles => "roles",
    /// The user's language and region.
    Locale => "launch_presentation_locale",
    /// The resource link's title.
    ResourceLinkTitle => "resource_link_title",
    /// The course's title.
    ContextTitle => "context_title",
    /// The course's short name.
    ContextLabel => "context_label",
    /// The URL that returns the user to the platform.
    ReturnUrl => "launch_presentation_return_url",
    /// The kinds of course.
    ContextType => "context_type",
    /// The users that a mentor mentors.
    MentoredUsers => "role_scope_mentor",
    /// The course section's id in the institution's records.
    CourseSectionSourcedId => "lis_course_section_sourcedid",
    /// The course offering's id in the institution's records.
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
    /// The resource link's description.
    ResourceLinkDescription => "resource_link_description",
    /// The user's middle name.
    MiddleName => "lis_person_name_middle",
    /// The user's picture.
    Picture => "user_image",
    /// The platform's description.
    PlatformDescription => "tool_consumer_instance_description",
    /// The platform's contact e-mail address.
    PlatformEmail => "tool_consumer_instance_contact_email",
    /// The URL of the outcome service.
    GradeUrl => "lis_outcome_service_url",
    /// The id of the result at the outcome service.
    GradeResultId => "lis_result_sourcedid",
    /// The platform's signature method, unless it is HMAC-SHA1.
    GradeSignatureMethod => "oauth_signature_method",
    /// The URL of the resource link's line item (LTI 1.3).
    LineItemUrl => "lineitem",
    /// The URL of the course's line items, if the resource link has none.
    LineItemsUrl => "lineitems",
    /// The scopes of the grade service, as letters.
    GradeScopes => "scope",
    /// The URL of the course's members.
    MembershipsUrl => "context_memberships_url",
    /// The platform's own id of a migrated user.
    PlatformUserId => "sub",
    /// The consumer whose user a migrated user is.
    UserConsumer => "oauth_consumer_key",
    /// The URL that accepts picked links.
    LinksReturnUrl => "content_item_return_url",
    /// The platform's own value, which the response with picked links repeats.
    LinksData => "data",
    /// What the platform accepts as picked links.
    LinksTerms => "accept_multiple",
}

impl Field {
    /// The user's personal data. Users can edit them in many platforms.
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

    /// The field at a position. `None` for a field of a newer version.
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
    fn every_field_has_its_position() {
        for field in Field::ALL {
            assert_eq!(Field::at(field.position()), Some(*field));
        }
        assert_eq!(Field::at(44), None);
    }
}
