//! Whose turn it is on the engine: that of some tests beside each other, or of one that has it to itself.

use std::fs::File;
use std::path::Path;
use std::sync::{Condvar, Mutex, PoisonError};

/// How many tests may run recipes at once. Two would share two cores well, and take a third less time. But engines of version 20.10 now
/// and then cannot start a container while another one starts ("unable to remount dir as readonly: device or resource busy"), Swarm
/// then rolls the update back, and a test of a green run fails for it.
const PLACES: usize = 1;

/// The places that are free in this program.
static FREE: Mutex<usize> = Mutex::new(PLACES);

/// Told whenever a place becomes free.
static FREED: Condvar = Condvar::new();

/// A turn. It ends when it is dropped.
pub(crate) struct Turn {
    places: usize,
    _lock: File,
}

impl Turn {
    /// Beside another test, which runs recipes as any user of the engine may.
    pub(crate) fn beside_another(state: &Path) -> Self {
        Self::of(state, 1)
    }

    /// With the engine alone: nothing else is deployed, killed or cleaned up meanwhile, here or by another test program.
    pub(crate) fn alone(state: &Path) -> Self {
        Self::of(state, PLACES)
    }

    fn of(state: &Path, places: usize) -> Self {
        let free = FREE.lock().unwrap_or_else(PoisonError::into_inner);
        let mut free = FREED.wait_while(free, |free| *free < places).unwrap_or_else(PoisonError::into_inner);
        *free -= places;
        drop(free);
        let lock = File::create(state.join("real-tests.lock")).unwrap();
        if places == PLACES { lock.lock() } else { lock.lock_shared() }.unwrap();
        Self { places, _lock: lock }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        *FREE.lock().unwrap_or_else(PoisonError::into_inner) += self.places;
        FREED.notify_all();
    }
}
