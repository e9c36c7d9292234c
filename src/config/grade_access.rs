/// Whose grades an app may send.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GradeAccess {
    /// Nobody's.
    #[default]
    Off,
    /// The grade of the learner who launched the app.
    Learner,
    /// As [`Self::Learner`]. For course staff, also the grades of the other learners at the same
    /// resource link.
    Course,
}

impl GradeAccess {
    /// Whether the app may send the grade of the learner who launched it.
    pub fn is_on(self) -> bool {
        self != Self::Off
    }

    /// Whether course staff may grade all learners.
    pub fn is_course(self) -> bool {
        self == Self::Course
    }
}
