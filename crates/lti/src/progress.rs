/// Declares an enum whose variants have the names of the standard.
macro_rules! names {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)+
        }

        impl $name {
            /// Every value.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The name in messages.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => stringify!($variant),)+
                }
            }

            /// The value with this name.
            pub fn named(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|value| value.name() == name)
            }
        }
    };
}

names! {
    /// How far the learner is (AGS, `activityProgress`).
    ActivityProgress {
        /// The learner has not begun.
        Initialized,
        /// The learner has begun.
        Started,
        /// The learner works on it.
        InProgress,
        /// The learner has submitted it, and may submit it again.
        Submitted,
        /// The learner has completed it.
        Completed,
    }
}

names! {
    /// How far grading is (AGS, `gradingProgress`).
    GradingProgress {
        /// There is nothing to grade.
        NotReady,
        /// Grading failed.
        Failed,
        /// Grading goes on without a person.
        Pending,
        /// A person must grade it.
        PendingManual,
        /// The grade is final.
        FullyGraded,
    }
}

/// The progress that a score reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// How far the learner is.
    pub activity: ActivityProgress,
    /// How far grading is.
    pub grading: GradingProgress,
}

impl Progress {
    /// The progress of a final grade.
    pub const GRADED: Self =
        Self { activity: ActivityProgress::Completed, grading: GradingProgress::FullyGraded };
    /// The progress of a cleared result.
    pub const CLEARED: Self =
        Self { activity: ActivityProgress::Initialized, grading: GradingProgress::NotReady };

    /// Both names, separated by a space. [`parse`](Self::parse) reads it.
    pub fn encode(self) -> String {
        format!("{} {}", self.activity.name(), self.grading.name())
    }

    /// Reads [`encode`](Self::encode).
    pub fn parse(text: &str) -> Option<Self> {
        let (activity, grading) = text.split_once(' ')?;
        Some(Self {
            activity: ActivityProgress::named(activity)?,
            grading: GradingProgress::named(grading)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_survives_encoding() {
        for &activity in ActivityProgress::ALL {
            for &grading in GradingProgress::ALL {
                let progress = Progress { activity, grading };
                assert_eq!(Progress::parse(&progress.encode()), Some(progress));
            }
        }
        assert_eq!(Progress::GRADED.encode(), "Completed FullyGraded");
        for other in ["", "Completed", "completed FullyGraded", "Completed  FullyGraded"] {
            assert_eq!(Progress::parse(other), None, "{other}");
        }
    }
}
