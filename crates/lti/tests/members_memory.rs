//! The memory that a platform's list of members costs. A process of its own: it reads its peak.
#![cfg(target_os = "linux")]

use lti::v1p3::MembersPage;

/// The most memory that this process has used, in MB.
fn most_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("a file");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a line");
    let kilobytes = line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number");
    kilobytes / 1024
}

#[test]
fn a_page_of_8_mb_costs_under_100_mb_whatever_it_contains() {
    for item in [r#"{"":0},"#, "0,"] {
        let items = item.repeat(8_000_000 / item.len());
        let pages = [
            format!("{{\"members\": [{items}0]}}"),
            format!("{{\"members\": [{{\"user_id\":1,\"roles\":[{items}0]}}]}}"),
            format!("{{\"context\": {{\"title\": [{items}0]}}, \"members\": []}}"),
        ];
        let before = most_memory();
        for page in pages {
            assert!(MembersPage::parse(page.as_bytes()).is_ok(), "{item}");
        }
        let cost = most_memory() - before;
        assert!(cost < 100, "{item} costs {cost} MB");
    }
}
