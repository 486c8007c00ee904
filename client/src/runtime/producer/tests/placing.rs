//! Where records without a key go.

use std::sync::mpsc;

use super::*;

/// What takes longer than this is not coming back: it has to find a place among two.
const PATIENCE: Duration = Duration::from_secs(60);

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "what spins can only be given up from another thread"
)]
fn a_record_without_a_key_and_larger_than_a_batch_finds_a_partition() {
    let (done, came) = mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .unwrap();
        let offsets = runtime.block_on(async {
            let world = World::new(&[1, 2]);
            let producer = world.builder().await.batch_size(200).build().await.unwrap();
            let value = "x".repeat(1_000);
            let mut written = Vec::new();
            for _ in 0..5 {
                let record = Record::to("orders").value(&value);
                written.push(producer.send(record).await.map(|at| at.offset));
            }
            written
        });
        let _ = done.send(offsets.into_iter().map(|offset| offset.map_err(|e| e.to_string())));
    });
    let written = came.recv_timeout(PATIENCE).expect("still looking for a partition");
    for offset in written {
        assert!(offset.unwrap().is_some());
    }
}
