//! How much memory the decoding of a fetch response of 50 MiB takes beside the frame: one JSON
//! line. A program of its own, because its allocator counts.

use bytes::{Bytes, BytesMut};
use milena_protocol::frame::{FrameDecoder, LENGTH_PREFIX};
use milena_protocol::messages::{ApiKey, FetchRequest};
use milena_protocol::{decode, response};
use milena_protocol_tests::fuzzing::memory::{self, CountingAllocator};
use milena_protocol_tests::measure::messages::{FETCH_VERSION, fetched};
use milena_protocol_tests::measure::records::{LARGE, read};

#[global_allocator]
static ALLOCATOR: CountingAllocator = memory::counting_allocator();

/// Fifty partitions with as much as a consumer asks for by default, 1 MiB each.
const TOPICS: usize = 5;
const PARTITION: usize = 1 << 20;

/// Bytes that a connection reads at once.
const PIECE: usize = 64 * 1024;

fn main() {
    let batch = LARGE.batch();
    let records: Bytes = batch.repeat(PARTITION.div_ceil(batch.len())).into();
    let body = fetched(TOPICS, &records);
    let sent = response::encode_message(ApiKey::Fetch, FETCH_VERSION, 7, &body)
        .expect("the response can be written at this version");
    drop((body, records));

    let frame = sent.slice(LENGTH_PREFIX..);
    let mut seen = 0;
    let decoded = memory::measure(|| seen = visit(frame.clone()));
    let length = frame.len();
    drop(frame);

    let mut seen_again = 0;
    let received = memory::measure(|| seen_again = visit(receive(&sent)));
    assert_eq!(seen, seen_again, "the frame was received as it was sent");
    println!(
        "{{\"frame\":{length},\"decoding\":{},\"receiving_and_decoding\":{}}}",
        decoded.peak, received.peak
    );
}

/// Cuts the frame out of what arrives in pieces, as a connection does.
fn receive(sent: &[u8]) -> Bytes {
    let mut decoder = FrameDecoder::new(sent.len());
    let mut received = BytesMut::new();
    for piece in sent.chunks(PIECE) {
        received.extend_from_slice(piece);
        if let Some(frame) = decoder.decode(&mut received).expect("the frame is not too long") {
            return frame;
        }
    }
    unreachable!("the frame is there as a whole");
}

/// Decodes the response and visits every byte of every record, as a consumer does.
fn visit(mut frame: Bytes) -> usize {
    decode::response_header(ApiKey::Fetch, FETCH_VERSION, &mut frame).expect("it was just written");
    let body = decode::response::<FetchRequest>(FETCH_VERSION, frame).expect("it was just written");
    let partitions = body.responses.into_iter().flat_map(|topic| topic.partitions);
    partitions.filter_map(|partition| partition.records).map(read).sum()
}
