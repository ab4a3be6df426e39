//! What goes wrong with a task by the engine's own doing.

/// Whether an error of a task is about the engine's own work. Engines of version 20.10 mount secrets of a container read-only in a second
/// step, which fails now and then while another container starts; no recipe has a part in it.
pub(super) fn is_at_fault(error: &str) -> bool {
    error.starts_with("starting container failed: unable to remount dir as readonly: ")
        && error.ends_with(": device or resource busy")
}
