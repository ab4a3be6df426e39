//! Judging and reporting, through the crate's door.

#[cfg(test)]
mod budget;
#[cfg(test)]
mod cases;
mod convergence;
#[cfg(test)]
mod dependencies;
#[cfg(test)]
mod ends;
#[cfg(test)]
mod files;
#[cfg(test)]
mod format;
#[cfg(test)]
mod lint_rung;
#[cfg(test)]
mod probes;
#[cfg(test)]
mod props;
mod quick;
#[cfg(test)]
mod rules;
#[cfg(test)]
mod scrutiny;
#[cfg(test)]
mod series_story;
#[cfg(test)]
mod settled;
#[cfg(test)]
mod steps;
#[cfg(test)]
mod story;
#[cfg(test)]
mod summary;
#[cfg(test)]
mod upgrades;
