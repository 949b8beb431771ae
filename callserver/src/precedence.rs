//! Threads that carry sound go before the others.

/// How much before others: what the system's own sound servers take.
const NICE: i32 = -11;

/// Lets the calling thread go before others, if the system allows it: sound that is late is lost, whatever else may wait.
pub(crate) fn take() {
    // Linux takes the calling thread for the process here, which is just what is wanted. Without the right
    // (CAP_SYS_NICE, or LimitNICE= of systemd) everything works on a machine that is not full.
    if let Err(error) = rustix::process::setpriority_process(None, NICE) {
        tracing::debug!(%error, "threads that carry sound do not go before others");
    }
}

/// The calling thread goes before others while this lives: nobody is heard until it is done.
#[derive(Debug)]
pub(crate) struct ForNow {
    usual: Option<i32>,
}

impl ForNow {
    pub(crate) fn take() -> Self {
        let usual = rustix::process::getpriority_process(None).ok();
        take();
        Self { usual }
    }
}

impl Drop for ForNow {
    fn drop(&mut self) {
        if let Some(usual) = self.usual {
            // Going behind others is allowed to everybody.
            let _ = rustix::process::setpriority_process(None, usual);
        }
    }
}
