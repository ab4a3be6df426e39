//! Real runs that a server started, with the server killed at each point of a run.

use crate::product::Product;
use crate::serving::killed_at;
use cc_ci_server::Point;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "real engine: make served"]
async fn a_server_killed_before_in_and_after_a_real_run_answers_with_one_run() {
    let product = Product::with_engine();
    for point in [Point::RunChosen, Point::RunGoesOn, Point::RunEnded] {
        killed_at(&product, point).await;
    }
}
