//! Handles that go, producers that are closed, runtimes that end.

use super::*;

#[tokio::test(start_paused = true)]
async fn the_last_handle_may_go_and_what_was_enqueued_is_still_sent() {
    let world = World::new(&[1]);
    let producer = world.producer().await;
    let delivery = producer.enqueue(order("a")).await.unwrap();
    let other = producer.clone();
    drop(producer);
    drop(other.enqueue(order("b")).await.unwrap());
    drop(other);
    assert_eq!(delivery.await.unwrap().offset, Some(Offset(0)));
    settle().await;
    assert_eq!(world.values(), ["a", "b"]);
}

#[tokio::test(start_paused = true)]
async fn close_sends_what_is_here_and_takes_nothing_more() {
    let world = World::new(&[1]);
    let builder = world.builder().await.linger(10 * SECOND).delivery_timeout(60 * SECOND);
    let producer = builder.build().await.unwrap();
    let delivery = producer.enqueue(order("a")).await.unwrap();
    let start = Instant::now();
    producer.close(5 * SECOND).await.unwrap();
    assert!(start.elapsed() < SECOND, "{:?}", start.elapsed());
    delivery.await.unwrap();
    let refused = producer.send(order("b")).await.unwrap_err();
    assert!(matches!(refused.kind(), ProduceErrorKind::Closed) && refused.is_fatal());
    producer.flush().await.unwrap();
    producer.close(SECOND).await.unwrap();
    assert_eq!(world.values(), ["a"]);
}

#[tokio::test(start_paused = true)]
async fn close_returns_in_time_and_says_what_may_have_been_written() {
    let world = World::new(&[1, -1]);
    let producer = world.producer().await;
    producer.send(order("warm up")).await.unwrap();
    world.mood(Mood::Silent);
    let sent = producer.enqueue(order("a")).await.unwrap();
    let kept = producer.enqueue(order("b").partition(1)).await.unwrap();
    let parked = producer.enqueue(order("c").partition(9)).await.unwrap();
    settle().await;
    let start = Instant::now();
    producer.close(5 * SECOND).await.unwrap();
    assert_eq!(start.elapsed().as_secs(), 5);
    for (delivery, written) in
        [(sent, Persistence::Possibly), (kept, Persistence::No), (parked, Persistence::No)]
    {
        let error = delivery.await.unwrap_err();
        assert!(matches!(error.kind(), ProduceErrorKind::Closed));
        assert_eq!(error.persistence(), written);
    }
}

#[test]
fn when_the_runtime_goes_first_open_deliveries_say_what_may_have_been_written() {
    let runtime = || {
        tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .expect("a runtime")
    };
    let first = runtime();
    let (producer, sent, kept, parked) = first.block_on(async {
        let world = World::new(&[1, -1]);
        let producer = world.producer().await;
        producer.send(order("warm up")).await.unwrap();
        world.mood(Mood::Silent);
        let sent = producer.enqueue(order("a")).await.unwrap();
        tokio::time::sleep(SECOND).await;
        let kept = producer.enqueue(order("b").partition(1)).await.unwrap();
        let parked = producer.enqueue(Record::to("unknown").value("c")).await.unwrap();
        (producer, sent, kept, parked)
    });
    drop(first);
    runtime().block_on(async {
        for (delivery, written) in
            [(sent, Persistence::Possibly), (kept, Persistence::No), (parked, Persistence::No)]
        {
            let error = delivery.await.unwrap_err();
            assert!(matches!(error.kind(), ProduceErrorKind::TaskStopped), "{error}");
            assert_eq!(error.persistence(), written);
        }
        producer.flush().await.unwrap();
        producer.close(SECOND).await.unwrap();
        assert!(producer.send(order("d")).await.is_err());
    });
}
