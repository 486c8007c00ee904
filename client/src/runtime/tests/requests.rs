use milena_protocol::messages::describe_cluster_response::DescribeClusterBroker;
use milena_protocol::messages::{ApiVersionsResponse, ListOffsetsRequest};
use milena_protocol::{ErrorCode, StrBytes, decode};

use super::*;
use crate::environment::Connector;
use crate::error::connect::PeerFailure;
use crate::error::{Persistence, RequestErrorKind};
use crate::runtime::core::Destination;
use crate::testing::{Net, Peer, spawn, versions};

/// A client and its connection for producing to broker 2, negotiated.
async fn producing(net: &Net) -> (Kafka, Peer, oneshot::Receiver<Outcome>) {
    let (kafka, served) = connected(net).await;
    std::mem::forget(served);
    let mut listener = net.listen(broker(2));
    let first = ask(kafka.core(), 2);
    let peer = listener.accept_client().await;
    std::mem::forget(listener);
    (kafka, peer, first)
}

fn kind(outcome: &Outcome) -> &RequestErrorKind {
    &outcome.as_ref().expect_err("it fails").kind
}

#[tokio::test(start_paused = true)]
async fn requests_are_pipelined_and_each_gets_its_own_answer() {
    let net = Net::new();
    let (kafka, mut peer, first) = producing(&net).await;
    let second = ask(kafka.core(), 2);
    let (one, two) = (peer.request().await, peer.request().await);
    assert_ne!(one.header.correlation_id, two.header.correlation_id);
    let named = |name: &'static str| {
        DescribeClusterResponse::default().with_cluster_id(StrBytes::from_static_str(name)).into()
    };
    peer.answer(&one, named("one")).await;
    peer.answer(&two, named("two")).await;
    for (answer, name) in [(first, "one"), (second, "two")] {
        let raw = answer.await.unwrap().unwrap();
        let decoded = decode::response::<DescribeClusterRequest>(raw.version, raw.body).unwrap();
        assert_eq!(decoded.cluster_id.as_str(), name);
    }
}

#[tokio::test(start_paused = true)]
async fn every_purpose_has_a_connection_of_its_own() {
    let net = Net::new();
    let (kafka, _peer, _held) = producing(&net).await;
    let mut listener = net.listen(broker(2));
    let (sender, answer) = oneshot::channel();
    let outgoing = question(30 * SECOND, Expect::Response);
    kafka.core().submit(BrokerId(2), Purpose::Fetch(0), outgoing, move |outcome| {
        drop(sender.send(outcome));
    });
    let mut peer = listener.accept_client().await;
    let request = peer.request().await;
    peer.answer(&request, yes()).await;
    assert!(answer.await.unwrap().is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_not_answered_fails_in_time_and_is_possibly_sent() {
    let net = Net::new();
    let (kafka, mut peer, first) = producing(&net).await;
    let hasty = submit(kafka.core(), 2, question(SECOND, Expect::Response));
    let before = tokio::time::Instant::now();
    let outcome = hasty.await.unwrap();
    assert_eq!(before.elapsed().as_secs(), 1);
    assert!(matches!(kind(&outcome), RequestErrorKind::TimedOut { .. }));
    let error = outcome.unwrap_err();
    assert_eq!(error.persistence(), Persistence::Possibly);
    assert_eq!((error.broker, error.address), (Some(BrokerId(2)), Some(broker(2))));
    let behind = first.await.unwrap();
    assert!(matches!(kind(&behind), RequestErrorKind::Disconnected(_)));
    assert_eq!(behind.unwrap_err().persistence(), Persistence::Possibly);
    while peer.next().await.is_some() {}
}

#[tokio::test(start_paused = true)]
async fn what_never_left_is_certainly_not_sent() {
    let net = Net::new();
    let (kafka, _served) = connected(&net).await;
    let error = ask(kafka.core(), 3).await.unwrap().unwrap_err();
    assert!(matches!(error.kind, RequestErrorKind::Unreachable(_)), "{error}");
    assert_eq!(error.persistence(), Persistence::No);
    let error = ask(kafka.core(), 77).await.unwrap().unwrap_err();
    assert_eq!(error.kind, RequestErrorKind::UnknownBroker);
    assert_eq!(error.persistence(), Persistence::No);
}

#[tokio::test(start_paused = true)]
async fn a_request_returns_within_its_time_out_whatever_the_broker_does() {
    let net = Net::new();
    let (kafka, _served) = connected(&net).await;
    let _silent = net.listen(broker(2));
    let before = tokio::time::Instant::now();
    let to = Destination::Broker(BrokerId(2));
    let request = ListOffsetsRequest::default();
    let outcome = kafka.core().request(to, Purpose::Control, request, 3 * SECOND).await;
    assert!(outcome.is_err());
    assert!(before.elapsed() <= 3 * SECOND + Duration::from_millis(1));
}

#[tokio::test(start_paused = true)]
async fn attempts_to_reconnect_become_rarer() {
    let net = Net::new();
    let (kafka, _served) = connected(&net).await;
    for _ in 0..7 {
        assert!(ask(kafka.core(), 3).await.unwrap().is_err());
    }
    let dials = net.dials_to(broker(3));
    let gaps: Vec<_> = dials.windows(2).map(|pair| pair[1] - pair[0]).collect();
    // Timers ring up to a millisecond late.
    let expected = [50, 100, 200, 400, 800, 1_000];
    for (gap, expected) in gaps.iter().zip(expected) {
        assert!((expected..=expected + 2).contains(gap), "{gaps:?}");
    }
    assert_eq!(gaps.len(), expected.len());
}

#[tokio::test(start_paused = true)]
async fn a_lost_connection_is_opened_again_for_the_next_request() {
    let net = Net::new();
    let (kafka, peer, first) = producing(&net).await;
    drop(peer);
    assert!(matches!(kind(&first.await.unwrap()), RequestErrorKind::Disconnected(_)));
    let mut listener = net.listen(broker(2));
    let again = ask(kafka.core(), 2);
    let mut peer = listener.accept_client().await;
    let request = peer.request().await;
    peer.answer(&request, yes()).await;
    assert!(again.await.unwrap().is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_throttled_connection_holds_requests_back() {
    let net = Net::new();
    let (kafka, mut peer, first) = producing(&net).await;
    let request = peer.request().await;
    peer.answer(&request, yes()).await;
    first.await.unwrap().unwrap();
    kafka.core().throttle(BrokerId(2), Purpose::Produce, 2 * SECOND);
    let before = tokio::time::Instant::now();
    let held = ask(kafka.core(), 2);
    let request = peer.request().await;
    let waited = before.elapsed();
    assert!(waited >= 2 * SECOND && waited < 3 * SECOND, "{waited:?}");
    peer.answer(&request, yes()).await;
    held.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_request_without_an_answer_is_done_when_it_is_written() {
    let net = Net::new();
    let (kafka, mut peer, _first) = producing(&net).await;
    let done = submit(kafka.core(), 2, question(SECOND, Expect::NoResponse));
    let response = done.await.unwrap().unwrap();
    assert!(response.body.is_empty());
    let (_, unanswered) = (peer.request().await, peer.request().await);
    assert_eq!(unanswered.version, response.version);
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_a_silent_broker_can_be_taken_back() {
    let net = Net::new();
    let (kafka, _served) = connected(&net).await;
    let _silent = net.listen(broker(2));
    let waiting = ask(kafka.core(), 2);
    tokio::time::sleep(SECOND).await;
    kafka.core().withdraw(BrokerId(2), Purpose::Produce);
    let error = waiting.await.unwrap().unwrap_err();
    assert_eq!(error.kind, RequestErrorKind::Withdrawn);
    assert_eq!(error.persistence(), Persistence::No);
}

#[tokio::test(start_paused = true)]
async fn a_version_nobody_shares_is_told_and_the_connection_goes_on() {
    let net = Net::new();
    let (kafka, mut peer, first) = producing(&net).await;
    let outgoing = question_in(90..=99, SECOND, Expect::Response);
    let error = submit(kafka.core(), 2, outgoing).await.unwrap().unwrap_err();
    assert!(matches!(error.kind, RequestErrorKind::UnsupportedVersion { .. }), "{error}");
    assert_eq!(error.persistence(), Persistence::No);
    let request = peer.request().await;
    peer.answer(&request, yes()).await;
    assert!(first.await.unwrap().is_ok());
}

#[tokio::test(start_paused = true)]
async fn an_old_broker_is_asked_for_its_versions_again_in_its_own() {
    let net = Net::new();
    let (kafka, _served) = connected(&net).await;
    let mut listener = net.listen(broker(2));
    let answer = ask(kafka.core(), 2);
    let mut peer = listener.accept().await;
    let modern = peer.request().await;
    assert!(modern.version > 0);
    let id = modern.header.correlation_id;
    let refusal = ApiVersionsResponse::default().with_error_code(ErrorCode::UNSUPPORTED_VERSION.0);
    let refusal = milena_protocol::response::encode(modern.key, 0, id, &refusal.into()).unwrap();
    peer.write(&refusal).await;
    let plain = peer.request().await;
    assert_eq!(plain.version, 0);
    peer.answer(&plain, versions().into()).await;
    let request = peer.request().await;
    peer.answer(&request, yes()).await;
    assert!(answer.await.unwrap().is_ok());
}

#[tokio::test(start_paused = true)]
async fn an_oversized_answer_ends_one_connection_and_the_rest_goes_on() {
    let net = Net::new();
    let (kafka, mut peer, first) = producing(&net).await;
    let _ = peer.request().await;
    peer.write(&i32::MAX.to_be_bytes()).await;
    let outcome = first.await.unwrap();
    let RequestErrorKind::Disconnected(failure) = kind(&outcome) else { panic!("{outcome:?}") };
    assert!(matches!(failure, PeerFailure::Oversized { .. }), "{failure}");
    kafka.admin().list_topics().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_does_not_decode_is_told_with_its_broker() {
    let net = Net::new();
    let (kafka, mut served) = connected(&net).await;
    let mut listener = net.listen(broker(2));
    spawn(async move {
        let mut peer = listener.accept_client().await;
        let request = peer.request().await;
        let mut frame = vec![0, 0, 0, 9];
        frame.extend_from_slice(&request.header.correlation_id.to_be_bytes());
        frame.extend_from_slice(&[0, 0xff, 0xff, 0xff, 0xff]);
        peer.write(&frame).await;
        std::future::pending::<()>().await;
    });
    let to = Destination::Broker(BrokerId(2));
    let request = DescribeClusterRequest::default();
    let error = kafka.core().request(to, Purpose::Control, request, SECOND).await.unwrap_err();
    assert!(matches!(error.kind, RequestErrorKind::Decode { .. }), "{error}");
    assert_eq!(error.broker, Some(BrokerId(2)));
    served.close();
}

#[tokio::test(start_paused = true)]
async fn an_answer_of_many_megabytes_arrives_whole() {
    let net = Net::new();
    let (_kafka, mut peer, first) = producing(&net).await;
    let request = peer.request().await;
    let host = StrBytes::from_string("h".repeat(30_000));
    let broker = DescribeClusterBroker::default().with_host(host);
    let answer = DescribeClusterResponse::default().with_brokers(vec![broker; 200]);
    peer.answer(&request, answer.clone().into()).await;
    let raw = first.await.unwrap().unwrap();
    let decoded = decode::response::<DescribeClusterRequest>(raw.version, raw.body).unwrap();
    assert_eq!(decoded, answer);
}

#[tokio::test(start_paused = true)]
async fn requests_larger_than_the_pipe_go_out_whole_and_in_order() {
    let net = Net::new();
    let (kafka, mut peer, _first) = producing(&net).await;
    for size in [1, 200_000, 3] {
        let mut outgoing = question(SECOND, Expect::Response);
        outgoing.key = ApiKey::ListOffsets;
        outgoing.versions = 1..=1;
        outgoing.encode = Box::new(move |context| {
            use milena_protocol::messages::list_offsets_request::{
                ListOffsetsPartition, ListOffsetsTopic,
            };
            let topic = ListOffsetsTopic::default()
                .with_partitions(vec![ListOffsetsPartition::default(); size / 12 + 1]);
            let question = ListOffsetsRequest::default().with_topics(vec![topic]);
            request::encode(context.correlation_id, 1, Some(context.client_id), &question)
        });
        drop(submit(kafka.core(), 2, outgoing));
    }
    let _first = peer.request().await;
    for size in [1, 200_000, 3] {
        let request = peer.request().await;
        let milena_protocol::messages::RequestKind::ListOffsets(question) = request.body else {
            panic!("another request")
        };
        assert_eq!(question.topics[0].partitions.len(), size / 12 + 1);
    }
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_is_closed_and_opened_again_when_needed() {
    let net = Net::new();
    let (kafka, mut peer, first) = producing(&net).await;
    let request = peer.request().await;
    peer.answer(&request, yes()).await;
    first.await.unwrap().unwrap();
    let before = tokio::time::Instant::now();
    assert!(peer.next().await.is_none());
    assert_eq!(before.elapsed().as_secs(), config().connections_max_idle.as_secs());
    let mut listener = net.listen(broker(2));
    let again = ask(kafka.core(), 2);
    let mut peer = listener.accept_client().await;
    let request = peer.request().await;
    peer.answer(&request, yes()).await;
    assert!(again.await.unwrap().is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_call_for_the_controller_is_repeated_until_there_is_one() {
    use milena_protocol::messages::CreateTopicsResponse;
    use milena_protocol::messages::create_topics_response::CreatableTopicResult;

    let net = Net::new();
    let (kafka, mut served) = connected(&net).await;
    let admin = kafka.admin();
    let creating = admin.create_topic(crate::admin::NewTopic::new("orders").partitions(3));
    let answering = async {
        for error in [ErrorCode::NOT_CONTROLLER, ErrorCode::NOT_CONTROLLER, ErrorCode::NONE] {
            let asked = served.recv().await.unwrap();
            assert_eq!(asked.request.key, ApiKey::CreateTopics);
            let result = CreatableTopicResult::default()
                .with_name(StrBytes::from_static_str("orders").into())
                .with_num_partitions(3)
                .with_error_code(error.0);
            let answer = CreateTopicsResponse::default().with_topics(vec![result]);
            asked.reply.send(answer.into()).unwrap();
        }
    };
    let (created, ()) = tokio::join!(creating, answering);
    assert_eq!(created.unwrap().partitions, Some(3));
}

#[tokio::test(start_paused = true)]
async fn a_call_nobody_can_answer_fails_within_its_time_out() {
    let net = Net::new();
    let (kafka, served) = connected(&net).await;
    drop(served);
    net.refuse(broker(1));
    let before = tokio::time::Instant::now();
    let admin = kafka.admin().with_timeout(10 * SECOND);
    let error = admin.create_topic(crate::admin::NewTopic::new("orders")).await.unwrap_err();
    assert!(before.elapsed() <= 10 * SECOND, "{:?}", before.elapsed());
    assert_eq!(error.topic.as_deref(), Some("orders"));
    assert!(error.to_string().contains("attempt"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn names_are_resolved_anew_for_every_connection() {
    let net = Net::new();
    let (kafka, _served) = connected(&net).await;
    assert!(net.resolve("host-2", 9092).await.is_ok());
    net.name("host-2", &[address(40, 9092)]);
    assert!(ask(kafka.core(), 2).await.unwrap().is_err());
    net.name("host-2", &[address(41, 9092)]);
    assert!(ask(kafka.core(), 2).await.unwrap().is_err());
    assert_eq!(net.dials_to(address(40, 9092)).len(), 1);
    assert_eq!(net.dials_to(address(41, 9092)).len(), 1);
}
