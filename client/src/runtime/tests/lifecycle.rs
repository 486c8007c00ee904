use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::error::{Persistence, RequestErrorKind};

#[tokio::test(start_paused = true)]
async fn dropping_the_last_handle_closes_every_connection() {
    let net = Net::new();
    let (kafka, _served) = connected(&net).await;
    let mut listener = net.listen(broker(2));
    let unanswered = ask(kafka.core(), 2);
    let mut peer = listener.accept_client().await;
    let _ = peer.request().await;
    let clone = kafka.clone();
    drop(kafka);
    assert!(tokio::time::timeout(SECOND, peer.next()).await.is_err());
    drop(clone);
    assert!(tokio::time::timeout(SECOND, peer.next()).await.unwrap().is_none());
    let error = unanswered.await.unwrap().unwrap_err();
    assert_eq!(error.persistence(), Persistence::Possibly);
}

#[tokio::test(start_paused = true)]
async fn dropping_ends_a_connection_that_is_still_coming_about() {
    let net = Net::new();
    let (kafka, _served) = connected(&net).await;
    let mut silent = net.listen(broker(2));
    let waiting = ask(kafka.core(), 2);
    let mut peer = silent.accept().await;
    let _ = peer.request().await;
    drop(kafka);
    let error = waiting.await.unwrap().unwrap_err();
    assert_eq!((error.kind, error.sent), (RequestErrorKind::Closed, Persistence::No));
    assert!(peer.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn the_connection_to_a_bootstrap_server_is_not_kept() {
    let net = Net::new();
    let mut listener = net.listen(broker(1));
    let connecting = builder(&net, "host-1:9092").connect();
    let answering = async {
        let mut peer = listener.accept_client().await;
        let request = peer.request().await;
        peer.answer(&request, cluster(&[1]).into()).await;
        peer
    };
    let (kafka, mut peer) = tokio::join!(connecting, answering);
    let _kafka = kafka.unwrap();
    assert!(tokio::time::timeout(SECOND, peer.next()).await.unwrap().is_none());
}

#[tokio::test(start_paused = true)]
async fn releasing_a_purpose_ends_its_connections_and_no_others() {
    let net = Net::new();
    let (kafka, _served) = connected(&net).await;
    let mut listener = net.listen(broker(2));
    let unanswered = ask(kafka.core(), 2);
    let mut peer = listener.accept_client().await;
    let _ = peer.request().await;
    kafka.core().release(Purpose::Fetch(7));
    assert!(tokio::time::timeout(SECOND, peer.next()).await.is_err());
    kafka.core().release(Purpose::Produce);
    assert!(tokio::time::timeout(SECOND, peer.next()).await.unwrap().is_none());
    assert!(unanswered.await.unwrap().is_err());
}

#[tokio::test(start_paused = true)]
async fn close_waits_for_what_is_in_flight() {
    let net = Net::new();
    let (kafka, _served) = connected(&net).await;
    let mut listener = net.listen(broker(2));
    let answer = ask(kafka.core(), 2);
    let mut peer = listener.accept_client().await;
    let request = peer.request().await;
    let answering = async {
        tokio::time::sleep(SECOND).await;
        peer.answer(&request, yes()).await;
    };
    let before = tokio::time::Instant::now();
    tokio::join!(kafka.close(10 * SECOND), answering);
    assert!(before.elapsed() < 2 * SECOND);
    assert!(answer.await.unwrap().is_ok());
    let error = ask(kafka.core(), 2).await.unwrap().unwrap_err();
    assert_eq!((error.kind, error.sent), (RequestErrorKind::Closed, Persistence::No));
}

#[tokio::test(start_paused = true)]
async fn close_returns_within_its_time_out_whatever_a_broker_does() {
    let net = Net::new();
    let (kafka, _served) = connected(&net).await;
    let mut listener = net.listen(broker(2));
    let unanswered = ask(kafka.core(), 2);
    let mut peer = listener.accept_client().await;
    let _ = peer.request().await;
    let before = tokio::time::Instant::now();
    kafka.close(3 * SECOND).await;
    assert_eq!(before.elapsed().as_secs(), 3);
    let error = unanswered.await.unwrap().unwrap_err();
    assert_eq!(error.persistence(), Persistence::Possibly);
}

#[tokio::test(start_paused = true)]
async fn close_of_a_client_at_rest_takes_no_time() {
    let net = Net::new();
    let (kafka, _served) = connected(&net).await;
    let before = tokio::time::Instant::now();
    kafka.close(10 * SECOND).await;
    assert!(before.elapsed() < SECOND);
    kafka.close(10 * SECOND).await;
}

#[test]
fn when_the_runtime_goes_first_every_request_is_called_back_once() {
    let calls = Arc::new(AtomicUsize::new(0));
    let count = |core: &Core, to: i32| {
        let calls = calls.clone();
        let outgoing = question(30 * SECOND, Expect::Response);
        core.submit(BrokerId(to), Purpose::Produce, outgoing, move |outcome| {
            assert!(outcome.is_err());
            calls.fetch_add(1, Ordering::Relaxed);
        });
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    let kafka = runtime.block_on(async {
        let net = Net::new();
        let (kafka, served) = connected(&net).await;
        std::mem::forget(served);
        let mut listener = net.listen(broker(2));
        count(kafka.core(), 2);
        let mut peer = listener.accept_client().await;
        let _ = peer.request().await;
        std::mem::forget(peer);
        let silent = net.listen(broker(3));
        std::mem::forget(silent);
        count(kafka.core(), 3);
        tokio::time::sleep(SECOND).await;
        kafka
    });
    assert_eq!(calls.load(Ordering::Relaxed), 0);
    drop(runtime);
    assert_eq!(calls.load(Ordering::Relaxed), 2);
    // Without a runtime, for a connection that is gone and for one that never was.
    count(kafka.core(), 2);
    count(kafka.core(), 1);
    assert_eq!(calls.load(Ordering::Relaxed), 4);
    drop(kafka);
}
