//! What a record costs from `enqueue` to its acknowledged delivery, network apart.

#![expect(missing_docs, reason = "criterion_group! makes a function without docs")]

use std::collections::VecDeque;
use std::future::Future;
use std::hint::black_box;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use milena::bench_support::Accumulator;
use milena::{Delivery, Record};

/// Records per measured round: a few batches of 128 KiB.
const ROUND: usize = 10_000;

fn resolve(deliveries: &mut VecDeque<Delivery>) {
    let mut context = Context::from_waker(Waker::noop());
    for delivery in deliveries.drain(..) {
        match pin!(delivery).poll(&mut context) {
            Poll::Ready(Ok(metadata)) => drop(black_box(metadata.offset)),
            Poll::Ready(Err(error)) => panic!("{error}"),
            Poll::Pending => panic!("acknowledged, and still pending"),
        }
    }
}

fn rounds(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("producer");
    group.throughput(Throughput::Elements(ROUND as u64));
    let value = vec![b'x'; 100];
    let large = vec![b'x'; 1024];
    let keys: Vec<String> = (0..1_000).map(|n| format!("key-{n:04}")).collect();
    let mut deliveries = VecDeque::with_capacity(ROUND);
    let mut bench = |name: &str, record: &dyn Fn(usize) -> Record<'static>| {
        let accumulator = Accumulator::new("orders", 6, 128 * 1024);
        group.bench_function(name, |b| {
            b.iter(|| {
                for n in 0..ROUND {
                    deliveries.push_back(accumulator.enqueue(record(n)));
                    if n % 1_000 == 999 {
                        accumulator.acknowledge_full();
                    }
                }
                accumulator.acknowledge_all();
                resolve(&mut deliveries);
            });
        });
    };
    let (value, large): (&'static [u8], &'static [u8]) = (value.leak(), large.leak());
    let keys: &'static [String] = keys.leak();
    bench("100 B without key", &|_| Record::to("orders").value(value));
    bench("100 B with key", &|n| Record::to("orders").key(&keys[n % 1_000]).value(value));
    bench("1 KiB without key", &|_| Record::to("orders").value(large));
    bench("100 B with two headers", &|_| {
        Record::to("orders").value(value).header("source", "till 7").header("trace", "0123456789")
    });
    group.finish();
}

criterion_group!(benches, rounds);
criterion_main!(benches);
