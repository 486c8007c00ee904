//! Invariants of a connection under arbitrary bytes and events.

use proptest::prelude::*;

use super::tests::{at, settings, versions};
use super::*;

#[derive(Clone, Debug)]
enum Event {
    Send { timeout: u64 },
    Answer,
    Bytes(Vec<u8>),
    Pass { millis: u64 },
    Throttle { millis: u64 },
    End,
    Close,
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        6 => (1..60_000_u64).prop_map(|timeout| Event::Send { timeout }),
        6 => Just(Event::Answer),
        1 => prop::collection::vec(any::<u8>(), 0..64).prop_map(Event::Bytes),
        4 => (0..20_000_u64).prop_map(|millis| Event::Pass { millis }),
        2 => (0..5_000_u64).prop_map(|millis| Event::Throttle { millis }),
        1 => Just(Event::End),
        1 => Just(Event::Close),
    ]
}

/// Runs the events and tells what became of each request, in the order of completion.
struct Run {
    machine: Connection<usize>,
    now: u64,
    sent: Vec<Ticket>,
    answered: usize,
    completed: Vec<usize>,
    closed: usize,
}

impl Run {
    fn new() -> Self {
        let mut machine = Connection::new(at(0), settings());
        machine.on_opened(at(0)).expect("it was connecting");
        let mut run =
            Self { machine, now: 0, sent: vec![], answered: 0, completed: vec![], closed: 0 };
        let answer = milena_protocol::response::encode_message(
            ApiKey::ApiVersions,
            <ApiVersionsRequest as Message>::VERSIONS.max,
            0,
            &versions(0),
        );
        run.receive(&answer.expect("an encodable answer"));
        run
    }

    fn receive(&mut self, bytes: &[u8]) {
        self.machine.on_bytes(at(self.now), &mut BytesMut::from(bytes));
        self.drain();
    }

    fn drain(&mut self) {
        while let Some(effect) = self.machine.poll_effect() {
            match effect {
                Effect::Complete(token, _) => self.completed.push(token),
                Effect::Close(_) => self.closed += 1,
                Effect::Send(_) | Effect::Ready => {}
            }
        }
    }

    fn carry_out(&mut self, event: &Event) {
        let now = at(self.now);
        match event {
            Event::Send { timeout } => {
                if self.machine.admits(now)
                    && let Ok(ticket) = self.machine.begin(ApiKey::Metadata, 0..=13)
                {
                    let (timeout, token) = (Duration::from_millis(*timeout), self.sent.len());
                    self.machine.on_sent(now, ApiKey::Metadata, ticket, timeout, token);
                    self.sent.push(ticket);
                }
            }
            Event::Answer => {
                let Some(Ticket { version, correlation_id }) = self.sent.get(self.answered) else {
                    return;
                };
                self.answered += 1;
                let body = milena_protocol::messages::MetadataResponse::default();
                let frame = milena_protocol::response::encode_message(
                    ApiKey::Metadata,
                    *version,
                    *correlation_id,
                    &body,
                );
                self.receive(&frame.expect("an encodable answer"));
            }
            Event::Bytes(bytes) => self.receive(bytes),
            Event::Pass { millis } => {
                self.now += millis;
                self.machine.on_timeout(at(self.now));
            }
            Event::Throttle { millis } => {
                self.machine.on_throttle(now, Duration::from_millis(*millis));
            }
            Event::End => self.machine.on_end(),
            Event::Close => self.machine.on_close(),
        }
        self.drain();
    }
}

proptest! {
    #[test]
    fn every_request_completes_exactly_once(events in prop::collection::vec(event(), 0..80)) {
        let mut run = Run::new();
        for event in &events {
            run.carry_out(event);
            prop_assert_eq!(run.completed.len() + run.machine.in_flight(), run.sent.len());
            prop_assert!(run.closed <= 1);
            if run.closed == 1 {
                prop_assert_eq!(run.machine.poll_timeout(), None);
            }
        }
        run.carry_out(&Event::Close);
        prop_assert_eq!(run.closed, 1);
        let mut completed = run.completed.clone();
        completed.sort_unstable();
        prop_assert_eq!(completed, (0..run.sent.len()).collect::<Vec<_>>());
    }

    #[test]
    fn no_request_outlives_its_time_out(events in prop::collection::vec(event(), 0..80)) {
        let mut run = Run::new();
        for event in &events {
            run.carry_out(event);
            // Whoever rings when the machine asks for it leaves nothing overdue.
            while let Some(due) = run.machine.poll_timeout().filter(|due| *due <= at(run.now)) {
                run.machine.on_timeout(due.max(at(run.now)));
                run.drain();
            }
            let overdue = run.machine.in_flight.iter().any(|r| r.deadline <= at(run.now));
            prop_assert!(!overdue);
        }
    }

    #[test]
    fn bytes_of_any_kind_do_no_harm(pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..20)) {
        let mut machine: Connection<()> = Connection::new(at(0), settings());
        machine.on_opened(at(0)).expect("it was connecting");
        let mut received = BytesMut::new();
        for piece in pieces {
            received.extend_from_slice(&piece);
            machine.on_bytes(at(1), &mut received);
        }
    }
}
