use super::*;
use crate::error::connect::{ConnectErrorKind, EndpointFailure, PeerFailure};
use crate::testing::spawn;

async fn fails(builder: KafkaBuilder) -> ConnectError {
    builder.connect().await.map(drop).expect_err("nobody is there")
}

fn failures(error: &ConnectError) -> &[EndpointFailure] {
    match error.kind() {
        ConnectErrorKind::Unreachable { failures, .. } => failures,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn every_address_of_a_name_is_tried() {
    let net = Net::new();
    net.name("kafka", &[broker(8), broker(9), broker(1)]);
    let _served = net.listen(broker(1)).serve(|| cluster(&[1]));
    builder(&net, "kafka:9092").connect().await.unwrap();
    let dialled: Vec<_> = net.dials().into_iter().map(|(to, _)| to).collect();
    assert_eq!(dialled, [broker(8), broker(9), broker(1)]);
}

#[tokio::test(start_paused = true)]
async fn every_bootstrap_server_is_tried() {
    let net = Net::new();
    let _served = net.listen(broker(3)).serve(|| cluster(&[3]));
    builder(&net, "host-1:9092,nowhere:9092,host-3:9092").connect().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_silent_server_holds_up_the_next_one_for_a_second() {
    let net = Net::new();
    let _silent = net.listen(broker(1));
    let _served = net.listen(broker(2)).serve(|| cluster(&[2]));
    let before = tokio::time::Instant::now();
    builder(&net, "host-1:9092,host-2:9092").connect().await.unwrap();
    assert_eq!(before.elapsed().as_secs(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_cluster_that_comes_up_late_is_found() {
    let net = Net::new();
    let late = net.clone();
    spawn(async move {
        tokio::time::sleep(5 * SECOND).await;
        let _served = late.listen(broker(1)).serve(|| cluster(&[1]));
        std::future::pending::<()>().await;
    });
    builder(&net, "host-1:9092").connect().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_error_names_every_address_and_why_it_failed() {
    let net = Net::new();
    net.name("kafka", &[broker(1), broker(2), broker(3)]);
    let mut http = net.listen(broker(2));
    spawn(async move {
        loop {
            let mut peer = http.accept().await;
            let _ = peer.request().await;
            peer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        }
    });
    let _silent = net.listen(broker(3));
    let before = tokio::time::Instant::now();
    let error = fails(builder(&net, "kafka:9092,nowhere:9093").connect_timeout(8 * SECOND)).await;
    assert_eq!(before.elapsed().as_secs(), 8);
    let text = text(&error);
    for part in [
        "kafka:9092",
        "10.0.0.1:9092] connection refused",
        "HTTP",
        "10.0.0.3:9092] nothing",
        "nowhere:9093",
        "does not resolve",
    ] {
        assert!(text.contains(part), "{part} is not in: {text}");
    }
    assert_eq!(failures(&error)[0].addresses.len(), 3);
    assert!(error.is_retriable());
}

#[tokio::test(start_paused = true)]
async fn peers_that_are_no_brokers_fail_at_once() {
    let net = Net::new();
    let mut tls = net.listen(broker(1));
    spawn(async move {
        loop {
            let mut peer = tls.accept().await;
            let _ = peer.request().await;
            peer.write(&[0x15, 3, 3, 0, 2, 2, 0x46]).await;
        }
    });
    let before = tokio::time::Instant::now();
    let error = fails(builder(&net, "host-1:9092")).await;
    assert!(before.elapsed() < SECOND);
    assert!(matches!(failures(&error)[0].addresses[0].failure, PeerFailure::NotKafka { .. }));
    assert!(error.is_fatal());
    assert!(text(&error).contains("TLS"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_closes_after_accepting_is_told_as_such() {
    let net = Net::new();
    let mut closing = net.listen(broker(1));
    spawn(async move {
        loop {
            drop(closing.accept().await);
        }
    });
    let error = fails(builder(&net, "host-1:9092").connect_timeout(2 * SECOND)).await;
    let failure = &failures(&error)[0].addresses[0].failure;
    assert!(matches!(failure, PeerFailure::Closed { .. }), "{failure:?}");
    assert!(failure.to_string().contains("TLS or SASL"));
}

#[tokio::test(start_paused = true)]
async fn a_broker_that_negotiates_and_then_stays_silent_is_named() {
    let net = Net::new();
    let mut half = net.listen(broker(1));
    spawn(async move {
        let _peer = half.accept_client().await;
        std::future::pending::<()>().await;
    });
    let error =
        fails(builder(&net, "host-1:9092").connect_timeout(5 * SECOND).request_timeout(SECOND))
            .await;
    assert!(text(&error).contains("10.0.0.1:9092"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_no_metadata_is_told_at_once() {
    let net = Net::new();
    let mut odd = net.listen(broker(1));
    spawn(async move {
        loop {
            let mut peer = odd.accept_client().await;
            let request = peer.request().await;
            let mut frame = vec![0, 0, 0, 9];
            frame.extend_from_slice(&request.header.correlation_id.to_be_bytes());
            frame.extend_from_slice(&[0, 0xff, 0xff, 0xff, 0xff]);
            peer.write(&frame).await;
            spawn(async move {
                let _open = peer;
                std::future::pending::<()>().await;
            });
        }
    });
    let before = tokio::time::Instant::now();
    let error = fails(builder(&net, "host-1:9092")).await;
    assert!(before.elapsed() < SECOND);
    assert!(text(&error).contains("Metadata"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn contradictory_settings_are_told_with_their_values_before_anything_is_tried() {
    let net = Net::new();
    let contradiction = builder(&net, "host-1:9092").reconnect_backoff(2 * SECOND, SECOND);
    let error = fails(contradiction).await;
    for part in ["reconnect.backoff.ms", "2s", "reconnect.backoff.max.ms", "1s"] {
        assert!(text(&error).contains(part), "{error}");
    }
    assert!(fails(builder(&net, "host-1")).await.is_fatal());
    assert!(fails(builder(&net, "host-1:9092").request_timeout(Duration::ZERO)).await.is_fatal());
    assert!(net.dials().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_dropped_connect_leaves_nothing_behind() {
    let net = Net::new();
    let _silent = net.listen(broker(1));
    let connecting = builder(&net, "host-1:9092").connect_timeout(60 * SECOND).connect();
    assert!(tokio::time::timeout(SECOND, connecting).await.is_err());
    let dials = net.dials().len();
    tokio::time::sleep(60 * SECOND).await;
    assert_eq!(net.dials().len(), dials);
}
