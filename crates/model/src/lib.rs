//! What things are and what they mean: the pure part of cc-ci.
//!
//! Nothing here touches a file, a process, the network, the clock, the environment or chance. A [recipe](cc_ci_recipe) and
//! a request become a [`plan::Plan`]; the engine performs it and says what happened as [`event::Event`]s; events fold into
//! [`evidence::Evidence`]; [`verdict::judge`] turns plan and evidence into a verdict.

#![warn(clippy::wildcard_enum_match_arm)]

pub mod admission;
pub mod bisect;
pub mod canonical;
pub mod contact;
pub mod convergence;
pub mod data;
pub mod event;
pub mod evidence;
pub mod exit;
pub mod front;
pub mod ids;
pub mod listening;
pub mod newcomer;
pub mod noise;
pub mod object;
pub mod outcome;
pub mod plan;
pub mod policy;
pub mod pytest;
pub mod redact;
pub mod report;
pub mod serving;
pub mod settings;
pub mod soak;
pub mod sweep;
pub mod tally;
pub mod testcase;
pub mod tier;
pub mod upgrades;
pub mod usage;
pub mod verdict;
pub mod warm;
pub mod watch;
