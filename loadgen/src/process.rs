//! What the kernel says about a process (proc(5)), and the limit of open files of this one.

use std::{fs, time::Duration};

use anyhow::{Context as _, Result};
use nix::unistd::{SysconfVar, sysconf};

/// Resident memory, in KiB.
pub(crate) fn resident_kib(pid: u32) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).context("the process is gone")?;
    resident_in(&status).context("the kernel names no VmRSS")
}

/// Processor time used so far, user and system, in steps of the kernel's tick (10 ms).
pub(crate) fn cpu(pid: u32) -> Result<Duration> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).context("the process is gone")?;
    let ticks = ticks_in(&stat).context("/proc/<pid>/stat is not as expected")?;
    let per_second = sysconf(SysconfVar::CLK_TCK)?.context("the kernel names no clock tick")?;
    Ok(Duration::from_secs_f64(ticks as f64 / per_second as f64))
}

/// Processes that ran or wanted to, over the last minute: how much the machine had to do besides.
pub(crate) fn load_average() -> Result<f64> {
    let text = fs::read_to_string("/proc/loadavg").context("the kernel names no load")?;
    let first = text.split_whitespace().next().context("/proc/loadavg is empty")?;
    Ok(first.parse()?)
}

/// Raises the limit of open files as far as it goes. Fails when `needed` is more than that.
pub(crate) fn raise_open_files(needed: u64) -> Result<()> {
    let allowed = rlimit::increase_nofile_limit(u64::MAX)?;
    anyhow::ensure!(
        allowed >= needed,
        "{needed} open files are needed, and {allowed} are allowed (ulimit -Hn)"
    );
    Ok(())
}

fn resident_in(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

/// `utime + stime`: the 14th and 15th field; the 2nd is a name in parentheses that may hold anything.
fn ticks_in(stat: &str) -> Option<u64> {
    let fields: Vec<&str> = stat[stat.rfind(')')? + 1..].split_whitespace().collect();
    Some(fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_words_are_read() {
        assert_eq!(resident_in("Name:\tx\nVmRSS:\t   12345 kB\nThreads:\t1\n"), Some(12345));
        let stat = "42 (a ) b) S 1 42 42 0 -1 4194560 100 0 0 0 250 130 0 0 20 0 5 0 1000 1 1";
        assert_eq!(ticks_in(stat), Some(380));
        assert!(load_average().unwrap() >= 0.0);
        assert!(resident_kib(std::process::id()).unwrap() > 100);
    }

    #[test]
    fn processor_time_passes_where_work_is_done() {
        let before = cpu(std::process::id()).unwrap();
        let begin = std::time::Instant::now();
        let mut sum = 0u64;
        while begin.elapsed() < Duration::from_secs(20) && cpu(std::process::id()).unwrap() == before {
            sum = std::hint::black_box(sum.wrapping_add(1));
        }
        assert!(cpu(std::process::id()).unwrap() > before);
    }
}
