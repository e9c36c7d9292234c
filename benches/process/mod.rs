//! A server under measurement: a process of its own, whose processor time is read from `/proc`.

use std::process::Child;

/// Ends its process with it.
pub struct Process(pub Child);

impl Process {
    /// How long its threads have kept a processor busy.
    pub fn processor_seconds(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.0.id())).expect("Linux");
        let (_, fields) = stat.rsplit_once(") ").expect("a command's name");
        let ticks: u64 =
            fields.split(' ').skip(11).take(2).map(|ticks| ticks.parse::<u64>().expect("a number")).sum();
        // Linux counts in hundredths of a second wherever it runs.
        ticks as f64 / 100.0
    }

    /// How much memory it holds.
    pub fn resident_mebibytes(&self) -> u64 {
        let statm = std::fs::read_to_string(format!("/proc/{}/statm", self.0.id())).expect("Linux");
        statm.split(' ').nth(1).expect("a size").parse::<u64>().expect("a number") * 4096 / (1024 * 1024)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
