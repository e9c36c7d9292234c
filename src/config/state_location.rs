use std::path::PathBuf;

/// Where the gateway keeps what has to outlive a request: which launches were seen, and grades that a platform could not
/// take yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum StateLocation {
    /// In the memory of this process: a launch counts once for this process only, and no grade is kept.
    #[default]
    Memory,
    /// In this directory, which belongs to one serving process. It need not exist yet.
    Directory(PathBuf),
}
