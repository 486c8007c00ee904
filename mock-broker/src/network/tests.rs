use milena_protocol::ids::BrokerId;

use super::*;

const A: Node = Node::Broker(BrokerId(1));
const B: Node = Node::Broker(BrokerId(2));

fn note(id: u64) -> Message {
    Message::Disconnected { id }
}

fn request(id: u64) -> Message {
    Message::Request { id, body: crate::message::Request::FetchMetadata { from: 0 } }
}

fn network() -> Network {
    Network::new(NetworkConfig::default(), 1)
}

fn drain(network: &mut Network) -> Vec<(u64, u64)> {
    std::iter::from_fn(|| network.pop())
        .map(|envelope| match envelope.parcel {
            Parcel::Message(Message::Disconnected { id } | Message::Request { id, .. }) => {
                (envelope.at.as_micros(), id)
            }
            _ => (0, 0),
        })
        .collect()
}

fn delay(least: u64, most: u64) -> LinkFault {
    LinkFault::Delay(Delay::from(Duration::from_micros(least)..=Duration::from_micros(most)))
}

#[test]
fn messages_arrive_in_the_order_of_time_and_then_of_sending() {
    let mut network = network();
    network.send(MonoTime::from_micros(5), A, B, note(1));
    network.send(MonoTime::from_micros(3), A, B, note(2));
    network.send(MonoTime::from_micros(3), B, A, note(3));
    assert_eq!(drain(&mut network), [(3, 2), (3, 3), (5, 1)]);
}

#[test]
fn a_cut_holds_one_direction_and_heals_in_order() {
    let mut network = network();
    network.harm(MonoTime::ZERO, &[(A, B)], &LinkFault::Cut);
    network.send(MonoTime::ZERO, A, B, note(1));
    network.send(MonoTime::ZERO, A, B, note(2));
    network.send(MonoTime::ZERO, B, A, note(3));
    assert_eq!(drain(&mut network), [(0, 3)]);
    network.heal(MonoTime::from_micros(9), A, B);
    assert_eq!(drain(&mut network), [(9, 1), (9, 2)]);
}

#[test]
fn jitter_never_lets_a_message_overtake_another_on_its_link() {
    let config = NetworkConfig { latency: Duration::ZERO, jitter: Duration::from_micros(500) };
    let mut network = Network::new(config, 7);
    for id in 0..100 {
        network.send(MonoTime::from_micros(id), A, B, note(id));
    }
    let order: Vec<_> = drain(&mut network).into_iter().map(|(_, id)| id).collect();
    assert_eq!(order, (0..100).collect::<Vec<_>>());
}

#[test]
fn the_jitter_of_one_link_does_not_depend_on_another() {
    let config = NetworkConfig { latency: Duration::ZERO, jitter: Duration::from_millis(1) };
    let run = |noise: bool| {
        let mut network = Network::new(config.clone(), 7);
        if noise {
            network.send(MonoTime::ZERO, B, A, note(0));
            network.drop_held(A);
        }
        network.send(MonoTime::ZERO, A, B, note(1));
        drain(&mut network).into_iter().find(|(_, id)| *id == 1)
    };
    assert_eq!(run(false), run(true));
}

#[test]
fn a_delay_with_jitter_stays_within_its_bounds_and_takes_the_place_of_the_latency() {
    let config = NetworkConfig { latency: Duration::from_secs(1), jitter: Duration::ZERO };
    let mut network = Network::new(config, 3);
    network.harm(MonoTime::ZERO, &[(A, B)], &delay(20, 80));
    let mut seen = Vec::new();
    for id in 0..200 {
        let sent = id * 1_000;
        network.send(MonoTime::from_micros(sent), A, B, note(id));
        seen.extend(drain(&mut network).into_iter().map(|(at, _)| at - sent));
    }
    assert!(seen.iter().all(|took| (20..=80).contains(took)), "{seen:?}");
    assert!(seen.iter().min() < Some(&30) && seen.iter().max() > Some(&70), "{seen:?}");
}

#[test]
fn what_is_lost_breaks_the_call_it_belongs_to() {
    let mut network = network();
    network.harm(MonoTime::ZERO, &[(A, B)], &LinkFault::Loss(1.0.into()));
    network.send(MonoTime::from_micros(5), A, B, request(7));
    let envelope = network.pop().expect("its sender hears of it");
    assert_eq!((envelope.from, envelope.to), (B, A));
    assert!(matches!(envelope.parcel, Parcel::Message(Message::Disconnected { id: 7 })));
    assert!(network.pop().is_none());
}

#[test]
fn what_is_lost_at_random_is_about_as_much_as_was_said() {
    let mut network = network();
    network.harm(MonoTime::ZERO, &[(A, B)], &LinkFault::Loss(0.2.into()));
    let lost = (0..1_000)
        .filter(|id| {
            network.send(MonoTime::ZERO, A, B, request(*id));
            network.pop().is_some_and(|envelope| envelope.to == A)
        })
        .count();
    assert!((150..250).contains(&lost), "{lost}");
    let report = network.reports().remove(0);
    assert_eq!((report.seen, report.fired), (1_000, lost as u64));
}

#[test]
fn a_bandwidth_lets_what_is_sent_queue() {
    let mut network = network();
    let bytes = request(0).size() as u64;
    let fault = LinkFault::Bandwidth { bytes_per_second: bytes * 1_000 };
    network.harm(MonoTime::ZERO, &[(A, B)], &fault);
    for id in 0..3 {
        network.send(MonoTime::ZERO, A, B, request(id));
    }
    assert_eq!(drain(&mut network), [(1_000, 0), (2_000, 1), (3_000, 2)]);
    network.send(MonoTime::from_micros(10_000), A, B, request(3));
    assert_eq!(drain(&mut network), [(11_000, 3)]);
}

#[test]
fn half_open_is_silent_until_it_heals_and_then_a_reset() {
    let mut network = network();
    network.harm(MonoTime::ZERO, &[(A, B)], &LinkFault::HalfOpen);
    network.send(MonoTime::ZERO, A, B, request(7));
    network.send(MonoTime::ZERO, B, A, note(8));
    assert_eq!(drain(&mut network), [(0, 8)]);
    network.heal_all(MonoTime::from_micros(50));
    let envelope = network.pop().expect("its sender hears of it");
    assert_eq!((envelope.at.as_micros(), envelope.to), (50, A));
    network.send(MonoTime::from_micros(60), A, B, request(9));
    assert_eq!(drain(&mut network), [(60, 9)]);
}

#[test]
fn a_fault_that_met_nothing_is_told_even_after_it_ended() {
    let mut network = network();
    network.harm(MonoTime::ZERO, &[(A, B), (B, A)], &LinkFault::Cut);
    network.harm(MonoTime::ZERO, &[(B, A)], &delay(1, 1));
    network.send(MonoTime::ZERO, A, B, note(1));
    network.heal_all(MonoTime::ZERO);
    let unfired: Vec<_> = network.reports().into_iter().map(|report| report.what).collect();
    assert_eq!(unfired, ["the way from broker 2 to broker 1: delayed by 1µs"]);
}
