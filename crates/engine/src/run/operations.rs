//! What changes the app: each operation of a plan, and what of the recipe's own runs beside them.

mod backup;
mod bring_back;
mod converged;
mod dependency;
mod deploy;
mod own;
mod provision;
mod redeploy;
pub(super) mod restart;
mod restore;
mod seed;
