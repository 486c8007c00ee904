//! The tasks of one client process: deferred by seed, stopped together in a crash, gated together
//! in a pause.
//!
//! tokio polls woken tasks first-in first-out, which hides every bug that needs another order.
//! So a poll is sometimes put off: the task goes to the end of the queue, and whatever was woken
//! meanwhile runs first.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use milena::environment::{BoxFuture, Spawner, Task};
use parking_lot::Mutex;
use tokio::task::AbortHandle;

use super::seed::{Seed, Stream};

/// How many finished tasks may lie about before they are cleared away.
const SWEEP_EVERY: usize = 64;

/// The tasks of one node.
#[derive(Debug)]
pub(crate) struct NodeTasks {
    seed: Seed,
    number: u32,
    defer_percent: u8,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    life: Life,
    spawned: u32,
    tasks: Vec<AbortHandle>,
}

/// ```text
/// Running <-> Paused
///    \          /
///     -> Crashed
/// ```
#[derive(Debug)]
enum Life {
    Running,
    /// Polls are withheld; the wakers of tasks that wanted one.
    Paused(Vec<Waker>),
    Crashed,
}

impl NodeTasks {
    pub(crate) fn new(seed: Seed, number: u32, defer_percent: u8) -> Self {
        let inner = Inner { life: Life::Running, spawned: 0, tasks: Vec::new() };
        Self { seed, number, defer_percent, inner: Mutex::new(inner) }
    }

    /// Stops every task where it stands, as a process that is killed, and starts no more.
    pub(crate) fn crash(&self) {
        let tasks = {
            let mut inner = self.inner.lock();
            inner.life = Life::Crashed;
            std::mem::take(&mut inner.tasks)
        };
        for task in tasks {
            task.abort();
        }
    }

    /// Withholds polls until [`resume`](Self::resume), as a process that is stopped by a signal.
    pub(crate) fn pause(&self) {
        let mut inner = self.inner.lock();
        if matches!(inner.life, Life::Running) {
            inner.life = Life::Paused(Vec::new());
        }
    }

    /// Ends a pause: tasks that were woken during it run.
    pub(crate) fn resume(&self) {
        let parked = {
            let mut inner = self.inner.lock();
            match std::mem::replace(&mut inner.life, Life::Running) {
                Life::Running => Vec::new(),
                Life::Paused(parked) => parked,
                Life::Crashed => {
                    inner.life = Life::Crashed;
                    Vec::new()
                }
            }
        };
        parked.into_iter().for_each(Waker::wake);
    }

    /// Whether a task may be polled now. If not, its waker is kept for the end of the pause.
    fn admits(&self, context: &Context<'_>) -> bool {
        match &mut self.inner.lock().life {
            Life::Running => true,
            Life::Paused(parked) => {
                parked.push(context.waker().clone());
                false
            }
            Life::Crashed => false,
        }
    }
}

/// Spawns into a node.
#[derive(Clone, Debug)]
pub(crate) struct NodeSpawner(pub(crate) Arc<NodeTasks>);

impl Spawner for NodeSpawner {
    #[expect(clippy::disallowed_methods, reason = "the spawner is where tasks are started")]
    fn spawn(&self, name: &'static str, task: BoxFuture<()>) -> Box<dyn Task> {
        let node = &self.0;
        let mut inner = node.inner.lock();
        if matches!(inner.life, Life::Crashed) {
            return Box::new(Spawned(None));
        }
        let entity = u64::from(node.number) << 32 | u64::from(inner.spawned);
        inner.spawned += 1;
        if inner.tasks.len() >= SWEEP_EVERY {
            inner.tasks.retain(|task| !task.is_finished());
        }
        let deferral = node.seed.stream(name, entity);
        let deferred = Deferred { task, node: Arc::clone(node), deferral, put_off: PutOff::No };
        let handle = tokio::spawn(deferred).abort_handle();
        inner.tasks.push(handle.clone());
        Box::new(Spawned(Some(handle)))
    }
}

#[derive(Debug)]
struct Spawned(Option<AbortHandle>);

impl Task for Spawned {
    fn abort(&self) {
        if let Some(handle) = &self.0 {
            handle.abort();
        }
    }
}

/// A task whose polls are put off now and then.
struct Deferred {
    task: BoxFuture<()>,
    node: Arc<NodeTasks>,
    deferral: Stream,
    put_off: PutOff,
}

/// Whether the last poll was put off: never twice in a row, so that a task cannot starve.
#[derive(Clone, Copy, PartialEq, Eq)]
enum PutOff {
    No,
    Yes,
}

impl Future for Deferred {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        if !this.node.admits(context) {
            return Poll::Pending;
        }
        if this.put_off == PutOff::No && this.deferral.chance(this.node.defer_percent) {
            this.put_off = PutOff::Yes;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        this.put_off = PutOff::No;
        this.task.as_mut().poll(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use std::time::Duration;

    type Log = Arc<Mutex<Vec<u32>>>;

    fn node(seed: u64, defer_percent: u8) -> (Arc<NodeTasks>, NodeSpawner) {
        let node = Arc::new(NodeTasks::new(Seed(seed), 0, defer_percent));
        (Arc::clone(&node), NodeSpawner(node))
    }

    async fn order_of_two(seed: u64, defer_percent: u8) -> Vec<u32> {
        let (_, spawner) = node(seed, defer_percent);
        let log = Log::default();
        for number in 0..2 {
            let log = Arc::clone(&log);
            spawner.spawn("racer", Box::pin(async move { log.lock().push(number) }));
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
        log.lock().clone()
    }

    #[tokio::test(start_paused = true)]
    async fn the_seed_decides_which_of_two_woken_tasks_runs_first() {
        let mut swapped = 0;
        for seed in 0..100 {
            let order = order_of_two(seed, 30).await;
            assert_eq!(order, order_of_two(seed, 30).await, "seed {seed}");
            swapped += usize::from(order == [1, 0]);
        }
        assert!((10..60).contains(&swapped), "{swapped}");
        assert_eq!(order_of_two(1, 0).await, [0, 1]);
    }

    async fn ticking(spawner: &NodeSpawner) -> Log {
        let log = Log::default();
        let ticks = Arc::clone(&log);
        spawner.spawn(
            "ticker",
            Box::pin(async move {
                for tick in 0.. {
                    ticks.lock().push(tick);
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            }),
        );
        tokio::time::sleep(Duration::from_millis(25)).await;
        log
    }

    #[tokio::test(start_paused = true)]
    async fn a_crash_stops_every_task_of_the_node_and_starts_no_more() {
        let (node, spawner) = node(1, 30);
        let log = ticking(&spawner).await;
        node.crash();
        let seen = log.lock().len();
        assert!(seen > 1);
        let later = ticking(&spawner).await;
        assert_eq!(log.lock().len(), seen);
        assert!(later.lock().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_withholds_polls_until_it_ends() {
        let (node, spawner) = node(1, 30);
        let log = ticking(&spawner).await;
        node.pause();
        let seen = log.lock().len();
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(log.lock().len(), seen);
        node.resume();
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert!(log.lock().len() > seen);
    }
}
