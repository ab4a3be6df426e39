//! The pages of the server: what maintainers look at, what programs read, and what operators measure.
//!
//! Everything here only looks. Runs are read from their folders; what the server knows besides comes as a [`board::Board`]
//! through a channel, so nothing here waits for the server and the server never waits for a reader.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use cc_ci_store::state::StateFolder;
//! use cc_ci_web::{board::Board, source::PageSource};
//! use std::{path::Path, sync::Arc, time::SystemTime};
//!
//! let (publish, board) = tokio::sync::watch::channel(Arc::new(Board::starting(SystemTime::now())));
//! let source = PageSource::new(StateFolder::open(Path::new("state"))?, board);
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
//! cc_ci_web::serve(listener, source, async { drop(tokio::signal::ctrl_c().await) }).await?;
//! # drop(publish);
//! # Ok(())
//! # }
//! ```

pub mod board;
mod rows;

mod chart;
mod history;
mod words;

pub mod api;
mod live;
mod metrics;
pub mod source;

mod frame;
pub mod gate;
mod headers;
mod routes;

pub use routes::{router, serve};
