//! What time it is: the machine's, or what a test said.

use std::sync::RwLock;
use std::time::{SystemTime, UNIX_EPOCH};

use scrip::Timestamp;

/// Where requests get their time from. The ledger itself has no clock.
pub struct Clock {
    /// Whether a client may set it.
    can_be_set: bool,
    set_to: RwLock<Option<Timestamp>>,
}

impl Clock {
    pub fn new(can_be_set: bool) -> Self {
        Self { can_be_set, set_to: RwLock::new(None) }
    }

    pub fn now(&self) -> Timestamp {
        let set = *self.set_to.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        set.unwrap_or_else(machine_time)
    }

    pub fn can_be_set(&self) -> bool {
        self.can_be_set
    }

    pub fn set(&self, now: Timestamp) {
        *self.set_to.write().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(now);
    }
}

fn machine_time() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let micros = i64::try_from(since.as_micros()).unwrap_or(i64::MAX);
    Timestamp::from_micros(micros).unwrap_or(Timestamp::MAX)
}
