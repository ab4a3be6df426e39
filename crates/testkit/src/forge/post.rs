//! Takes webhooks to their receiver, as a forge does by itself: in their order, each once, and none again when it got lost.

use super::delivery::SignedDelivery;
use http_body_util::Full;
use hyper::Request;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

/// Sends whatever it is handed to an address, for as long as somebody may hand over more.
pub(super) fn post_to(url: String) -> UnboundedSender<SignedDelivery> {
    let (to, mut waiting) = unbounded_channel::<SignedDelivery>();
    tokio::spawn(async move {
        let client = Client::builder(TokioExecutor::new()).build_http::<Full<bytes::Bytes>>();
        while let Some(delivery) = waiting.recv().await {
            let request = Request::post(&url);
            let request = delivery.headers.iter().fold(request, |request, (name, value)| request.header(name, value));
            let Ok(request) = request.body(Full::new(delivery.body.into())) else { continue };
            // No forge sends a webhook twice because nobody was there.
            drop(client.request(request).await);
        }
    });
    to
}
