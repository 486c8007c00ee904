use std::io;

use milena_protocol::messages::api_versions_response::ApiVersion;
use milena_protocol::messages::{
    ApiVersionsResponse, MetadataRequest, MetadataResponse, RequestKind,
};
use milena_protocol::{decode, response};

use super::*;

const SECOND: Duration = Duration::from_secs(1);

pub(super) fn at(millis: u64) -> MonoTime {
    MonoTime::from_millis(millis)
}

pub(super) fn settings() -> ConnectionSettings {
    ConnectionSettings {
        client_id: StrBytes::from_static_str("test"),
        setup_timeout: 10 * SECOND,
        max_idle: 540 * SECOND,
        receive_max: 1 << 20,
    }
}

/// A connection and what its effects were.
struct Rig {
    machine: Connection<&'static str>,
    sent: Vec<Bytes>,
    completed: Vec<(&'static str, Result<Answer, Lost>)>,
    ready: bool,
    closed: Option<CloseReason>,
}

impl Rig {
    /// Opened at zero; ApiVersions has been asked.
    fn opened() -> Self {
        let machine = Connection::new(at(0), settings());
        let mut rig = Self { machine, sent: vec![], completed: vec![], ready: false, closed: None };
        rig.machine.on_opened(at(0)).unwrap();
        rig.run();
        rig
    }

    fn ready() -> Self {
        let mut rig = Self::opened();
        rig.answer_versions(0, &versions(0));
        assert!(rig.ready);
        rig
    }

    fn run(&mut self) {
        while let Some(effect) = self.machine.poll_effect() {
            match effect {
                Effect::Send(frame) => self.sent.push(frame.to_bytes()),
                Effect::Ready => self.ready = true,
                Effect::Complete(token, outcome) => self.completed.push((token, outcome)),
                Effect::Close(reason) => self.closed = Some(reason),
            }
        }
    }

    fn receive(&mut self, now: MonoTime, bytes: &[u8]) {
        self.machine.on_bytes(now, &mut BytesMut::from(bytes));
        self.run();
    }

    /// Answers the last question after the versions, in the version it was asked in, or in
    /// version 0 where the broker would.
    fn answer_versions(&mut self, now: u64, answer: &ApiVersionsResponse) {
        let (id, mut version, _) = self.last_question();
        if answer.error_code == ErrorCode::UNSUPPORTED_VERSION.0 {
            version = 0;
        }
        let frame = response::encode_message(ApiKey::ApiVersions, version, id, answer).unwrap();
        self.receive(at(now), &frame);
    }

    fn last_question(&self) -> (i32, i16, RequestKind) {
        let frame = self.sent.last().unwrap().slice(4..);
        let request = decode::request(frame).unwrap();
        (request.header.correlation_id, request.version, request.body)
    }

    fn send(&mut self, now: u64, token: &'static str) -> Ticket {
        let ticket = self.machine.begin(ApiKey::Metadata, 0..=13).unwrap();
        self.machine.on_sent(at(now), ApiKey::Metadata, ticket, 30 * SECOND, token);
        ticket
    }

    fn answer(&mut self, now: u64, ticket: Ticket, answer: &MetadataResponse) {
        let (version, id) = (ticket.version, ticket.correlation_id);
        let frame = response::encode_message(ApiKey::Metadata, version, id, answer).unwrap();
        self.receive(at(now), &frame);
    }

    fn pass(&mut self, now: u64) {
        self.machine.on_timeout(at(now));
        self.run();
    }

    fn failure(&self) -> &PeerFailure {
        match self.closed.as_ref().unwrap() {
            CloseReason::Failed(failure) => failure,
            other => panic!("{other:?}"),
        }
    }
}

fn api(key: ApiKey, min: i16, max: i16) -> ApiVersion {
    ApiVersion::default().with_api_key(key as i16).with_min_version(min).with_max_version(max)
}

pub(super) fn versions(error: i16) -> ApiVersionsResponse {
    ApiVersionsResponse::default()
        .with_error_code(error)
        .with_api_keys(vec![api(ApiKey::Metadata, 0, 12), api(ApiKey::ApiVersions, 0, 3)])
}

#[test]
fn the_first_question_carries_the_name_and_version_of_the_client() {
    let rig = Rig::opened();
    let (_, version, body) = rig.last_question();
    let RequestKind::ApiVersions(question) = body else { panic!("{body:?}") };
    assert_eq!(version, 4);
    assert_eq!(question.client_software_name.as_str(), "milena");
    assert_eq!(question.client_software_version.as_str(), env!("CARGO_PKG_VERSION"));
}

#[test]
fn nothing_else_goes_out_before_the_versions_are_known() {
    let mut rig = Rig::opened();
    assert!(!rig.machine.admits(at(0)));
    assert!(rig.machine.begin(ApiKey::Metadata, 0..=13).is_err());
    rig.answer_versions(1, &versions(0));
    assert!(rig.machine.admits(at(1)));
    assert_eq!(rig.machine.begin(ApiKey::Metadata, 4..=13).unwrap().version, 12);
}

#[test]
fn a_refused_version_is_asked_again_in_the_one_the_broker_names() {
    let mut rig = Rig::opened();
    rig.answer_versions(1, &versions(ErrorCode::UNSUPPORTED_VERSION.0));
    assert!(!rig.ready);
    let (_, version, _) = rig.last_question();
    assert_eq!(version, 3);
    rig.answer_versions(2, &versions(0));
    assert!(rig.ready);
}

#[test]
fn a_refused_version_without_a_range_is_asked_again_in_version_0() {
    let mut rig = Rig::opened();
    let refusal = ApiVersionsResponse::default().with_error_code(ErrorCode::UNSUPPORTED_VERSION.0);
    rig.answer_versions(1, &refusal);
    let (_, version, _) = rig.last_question();
    assert_eq!(version, 0);
    rig.answer_versions(2, &refusal);
    assert!(matches!(rig.failure(), PeerFailure::VersionsRefused { .. }), "{:?}", rig.closed);
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let mut rig = Rig::ready();
    let first = rig.send(1, "first");
    let second = rig.send(1, "second");
    assert_ne!(first.correlation_id, second.correlation_id);
    rig.answer(2, first, &MetadataResponse::default());
    rig.answer(3, second, &MetadataResponse::default());
    let done = rig.completed.iter().map(|(token, outcome)| (*token, outcome.is_ok()));
    assert_eq!(done.collect::<Vec<_>>(), [("first", true), ("second", true)]);
    assert_eq!(rig.machine.in_flight(), 0);
}

#[test]
fn an_answer_decodes_with_the_version_it_is_given_out_with() {
    let mut rig = Rig::ready();
    let ticket = rig.send(1, "a");
    let sent = MetadataResponse::default().with_cluster_id(Some("c".into()));
    rig.answer(2, ticket, &sent);
    let answer = rig.completed[0].1.clone().unwrap();
    assert_eq!(decode::response::<MetadataRequest>(answer.version, answer.body).unwrap(), sent);
}

#[test]
fn a_wrong_correlation_id_closes_the_connection() {
    let mut rig = Rig::ready();
    let ticket = rig.send(1, "a");
    let other = Ticket { correlation_id: 77, ..ticket };
    rig.answer(2, other, &MetadataResponse::default());
    let expected = Some(ticket.correlation_id);
    assert_eq!(*rig.failure(), PeerFailure::Correlation { expected, found: 77 });
    assert!(matches!(rig.completed[..], [("a", Err(Lost::Disconnected(_)))]));
}

#[test]
fn an_answer_nobody_asked_for_closes_the_connection() {
    let mut rig = Rig::ready();
    rig.receive(at(1), &[0, 0, 0, 4, 0, 0, 0, 9]);
    assert_eq!(*rig.failure(), PeerFailure::Correlation { expected: None, found: 9 });
}

#[test]
fn a_late_answer_ends_the_connection_and_all_that_is_in_flight_is_possibly_sent() {
    let mut rig = Rig::ready();
    rig.send(0, "late");
    rig.send(10_000, "behind it");
    rig.pass(29_999);
    assert_eq!(rig.closed, None);
    rig.pass(30_000);
    assert!(matches!(rig.failure(), PeerFailure::TimedOut { .. }));
    assert!(matches!(
        rig.completed[..],
        [
            ("late", Err(Lost::TimedOut { .. })),
            ("behind it", Err(Lost::Disconnected(PeerFailure::TimedOut { .. })))
        ]
    ));
}

#[test]
fn a_request_with_a_shorter_time_out_is_not_hidden_by_one_before_it() {
    let mut rig = Rig::ready();
    rig.send(0, "patient");
    let ticket = rig.machine.begin(ApiKey::Metadata, 0..=13).unwrap();
    rig.machine.on_sent(at(0), ApiKey::Metadata, ticket, SECOND, "hasty");
    assert_eq!(rig.machine.poll_timeout(), Some(at(1_000)));
    rig.pass(1_000);
    assert_eq!(rig.completed[0].0, "hasty");
}

#[test]
fn an_answered_request_does_not_time_out_later() {
    let mut rig = Rig::ready();
    let first = rig.send(0, "first");
    rig.send(10_000, "second");
    rig.answer(11_000, first, &MetadataResponse::default());
    rig.pass(30_000);
    assert_eq!(rig.closed, None);
    assert_eq!(rig.machine.poll_timeout(), Some(at(40_000)));
}

#[test]
fn a_throttled_connection_takes_no_request_until_the_time_has_passed() {
    let mut rig = Rig::ready();
    let ticket = rig.send(0, "a");
    rig.answer(100, ticket, &MetadataResponse::default().with_throttle_time_ms(500));
    assert!(!rig.machine.admits(at(100)));
    assert!(!rig.machine.admits(at(599)));
    assert!(rig.machine.admits(at(600)));
    assert_eq!(rig.machine.throttled_until(), at(600));
}

#[test]
fn the_throttle_time_of_the_versions_answer_counts_too() {
    let mut rig = Rig::opened();
    rig.answer_versions(10, &versions(0).with_throttle_time_ms(90));
    assert!(!rig.machine.admits(at(99)));
    assert!(rig.machine.admits(at(100)));
}

#[test]
fn an_idle_connection_is_closed_without_being_a_failure() {
    let mut rig = Rig::ready();
    let ticket = rig.send(1_000, "a");
    rig.answer(2_000, ticket, &MetadataResponse::default());
    rig.pass(541_999);
    assert_eq!(rig.closed, None);
    rig.pass(542_000);
    assert_eq!(rig.closed, Some(CloseReason::Idle));
}

#[test]
fn a_silent_peer_is_given_up_after_the_set_up_time_out() {
    let mut rig = Rig::opened();
    assert_eq!(rig.machine.poll_timeout(), Some(at(10_000)));
    rig.pass(10_000);
    let during = ConnectionStage::Negotiating;
    assert_eq!(*rig.failure(), PeerFailure::TimedOut { after: 10 * SECOND, during });
    assert!(rig.failure().to_string().contains("TLS"));
}

#[test]
fn a_peer_that_closes_after_accepting_is_told_from_one_that_closes_later() {
    let mut rig = Rig::opened();
    rig.machine.on_end();
    rig.run();
    assert_eq!(*rig.failure(), PeerFailure::Closed { during: ConnectionStage::Negotiating });
    let mut rig = Rig::opened();
    rig.machine.on_io_error(&io::ErrorKind::ConnectionReset.into());
    rig.run();
    assert_eq!(*rig.failure(), PeerFailure::Closed { during: ConnectionStage::Negotiating });
    let mut rig = Rig::ready();
    rig.machine.on_end();
    rig.run();
    assert_eq!(*rig.failure(), PeerFailure::Closed { during: ConnectionStage::Ready });
}

#[test]
fn foreign_peers_are_recognised_by_their_first_bytes() {
    for (bytes, hint) in [
        (&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], "HTTP"),
        (&[0x15, 3, 3, 0, 2, 2, 0x46][..], "TLS"),
        (&b"SSH-2.0-OpenSSH_9.6\r\n"[..], "SSH-2.0"),
    ] {
        let mut rig = Rig::opened();
        rig.receive(at(1), bytes);
        let failure = rig.failure();
        assert!(matches!(failure, PeerFailure::NotKafka { .. }), "{failure:?}");
        assert!(failure.to_string().contains(hint), "{failure}");
    }
}

#[test]
fn a_large_frame_is_refused_before_the_peer_has_shown_to_be_a_broker() {
    let mut rig = Rig::opened();
    rig.receive(at(1), &(512 * 1024_i32).to_be_bytes());
    assert!(matches!(rig.failure(), PeerFailure::NotKafka { .. }));
    let mut rig = Rig::ready();
    rig.send(1, "a");
    rig.receive(at(1), &(512 * 1024_i32).to_be_bytes());
    assert_eq!(rig.closed, None);
    let mut rig = Rig::ready();
    rig.receive(at(1), &(2_i32 << 20).to_be_bytes());
    let oversized = PeerFailure::Oversized { length: 2 << 20, max: 1 << 20 };
    assert_eq!(*rig.failure(), oversized);
}

#[test]
fn garbage_in_a_frame_of_good_length_is_an_error_and_no_panic() {
    for length in 0..40_usize {
        for fill in [0x00, 0x7f, 0xff] {
            let mut frame = u32::try_from(length).unwrap().to_be_bytes().to_vec();
            frame.resize(4 + length, fill);
            let mut rig = Rig::opened();
            rig.receive(at(1), &frame);
            assert!(rig.closed.is_some() || rig.ready, "{length} bytes of {fill}");
            let mut rig = Rig::ready();
            rig.send(1, "a");
            rig.receive(at(1), &frame);
            assert!(rig.closed.is_some(), "{length} bytes of {fill}");
        }
    }
}

#[test]
fn frames_may_arrive_in_any_pieces() {
    let mut rig = Rig::ready();
    let ticket = rig.send(1, "a");
    let (version, id) = (ticket.version, ticket.correlation_id);
    let answer = MetadataResponse::default();
    let frame = response::encode_message(ApiKey::Metadata, version, id, &answer).unwrap();
    let mut received = BytesMut::new();
    for byte in frame {
        assert!(rig.completed.is_empty());
        received.extend_from_slice(&[byte]);
        rig.machine.on_bytes(at(2), &mut received);
        rig.run();
    }
    assert_eq!(rig.completed.len(), 1);
}

#[test]
fn asking_to_close_loses_what_is_in_flight() {
    let mut rig = Rig::ready();
    rig.send(1, "a");
    rig.machine.on_close();
    rig.run();
    assert_eq!(rig.closed, Some(CloseReason::Asked));
    assert!(matches!(rig.completed[..], [("a", Err(Lost::Disconnected(_)))]));
    assert!(!rig.machine.admits(at(2)));
    assert_eq!(rig.machine.poll_timeout(), None);
}

#[test]
fn opening_twice_is_a_defect_of_the_driver() {
    let mut rig = Rig::opened();
    assert!(rig.machine.on_opened(at(1)).is_err());
}
