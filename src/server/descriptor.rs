//! File descriptors: how many connections the process can hold.

/// Descriptors for everything except connections: the log, templates, the state, DNS.
const RESERVED: u64 = 64;
/// The fewest connections, whatever the limit is.
const FEWEST: u64 = 16;
/// The most connections, whatever the limit is. An idle one costs about 10 KB.
const MOST: u64 = 10_000;

/// The bounds that follow from the limit of open files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bounds {
    /// The most connections of clients.
    pub(crate) connections: usize,
    /// The most requests of sessions at once. Each holds one more descriptor, for its upstream.
    pub(crate) sessions: usize,
}

/// Raises the limit of open files to its hard limit. Returns the bounds.
pub(crate) fn raised() -> Bounds {
    let limit = rlimit::increase_nofile_limit(u64::MAX)
        .or_else(|_| rlimit::getrlimit(rlimit::Resource::NOFILE).map(|(soft, _)| soft));
    // Where there is no such limit, the smallest common one.
    bounds(limit.unwrap_or(1024))
}

/// The bounds for this limit of open files.
fn bounds(limit: u64) -> Bounds {
    let connections = (limit.saturating_sub(RESERVED) / 2).clamp(FEWEST, MOST);
    let sessions = connections * 8 / 10;
    Bounds {
        connections: usize::try_from(connections).unwrap_or(usize::MAX),
        sessions: usize::try_from(sessions).unwrap_or(usize::MAX),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_use_at_most_80_percent_of_the_connections() {
        let check = |limit, connections, sessions| {
            assert_eq!(bounds(limit), Bounds { connections, sessions }, "{limit}");
        };
        check(0, 16, 12);
        check(1024, 480, 384);
        check(4096, 2016, 1612);
        check(u64::MAX, 10_000, 8_000);
    }
}
