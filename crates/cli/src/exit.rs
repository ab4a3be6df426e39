//! Stand-in for the codes until the model has them.
pub(crate) const USAGE: u8 = 2;
pub(crate) const BUG: u8 = 1;
pub(crate) const GREEN: u8 = 0;
pub(crate) const INFRASTRUCTURE: u8 = 11;
pub(crate) const CANCELLED: u8 = 12;
pub(crate) const BAD_SETTINGS: u8 = 20;
pub(crate) const BAD_RECIPE: u8 = 21;
pub(crate) const NO_SWARM: u8 = 22;
