//! Faults of a running cluster: rules about requests, and what became of everything declared.

use std::time::Duration;

use milena_protocol::messages::ApiKey;
use milena_protocol::time::MonoTime;

use super::{MockCluster, Place, Unfired, WaitError};
use crate::cluster::{Cluster, ConnectionView, HistoryEvent, Operation};
use crate::fault::{Declare, FaultReport, On, Rule, RuleId, UnfiredFaults, sealed};

impl MockCluster {
    /// Begins to declare what goes wrong with requests of one API. It is in force when the sentence
    /// is at its end: see [`fault`](crate::fault).
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use milena_mock_broker::fault::Fault;
    /// use milena_mock_broker::{ApiKey, ErrorCode, MockCluster, Topic};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let cluster = MockCluster::builder().brokers(3).start_in_memory().await?;
    /// cluster.create_topic("orders", Topic::new().replication_factor(3))?;
    ///
    /// let lost = cluster.on(ApiKey::Produce).topic("orders").nth(2).apply_then(Fault::Disconnect);
    /// cluster.on(ApiKey::Metadata).broker(2).delay_answer(Duration::from_secs(1));
    /// cluster.on(ApiKey::Fetch).with_probability(0.1).answer(ErrorCode::KAFKA_STORAGE_ERROR);
    ///
    /// assert_eq!(lost.fired(), 0);
    /// # cluster.withdraw_faults();
    /// # Ok(())
    /// # }
    /// ```
    pub fn on(&self, key: ApiKey) -> On<Self> {
        On::begin(self.clone(), Some(key))
    }

    /// The same about requests of every API.
    pub fn on_any(&self) -> On<Self> {
        On::begin(self.clone(), None)
    }

    /// Ends all rules about requests. The network is healed by
    /// [`NetworkHandle::heal`](crate::NetworkHandle::heal).
    pub fn withdraw_faults(&self) {
        self.act(Operation::WithdrawAll);
    }

    /// What became of every fault that was declared, rules about requests first, in the order of
    /// their declaration. Rules that were withdrawn and links that healed are left out, unless they
    /// never harmed anything. What is done to one client process
    /// ([`ClientProcess::cut`](crate::ClientProcess::cut)) is not counted.
    pub fn faults(&self) -> Vec<FaultReport> {
        self.inspect(Cluster::faults)
    }

    /// Whether every fault that was declared has harmed something by now.
    ///
    /// # Errors
    /// With those that have not.
    pub fn check_faults(&self) -> Result<(), UnfiredFaults> {
        UnfiredFaults::among(self.faults()).map_or(Ok(()), Err)
    }

    /// What happened lately, the oldest first: requests and answers, changes of leaders and in-sync
    /// replicas, operations, faults. It goes back
    /// [`MockClusterBuilder::history`](crate::MockClusterBuilder::history) events.
    pub fn history(&self) -> Vec<HistoryEvent> {
        self.inspect(Cluster::history)
    }

    /// Every client connection that a broker knows of, by broker and number.
    pub fn connections(&self) -> Vec<ConnectionView> {
        self.inspect(Cluster::connections)
    }

    /// These operations cannot be refused, or their refusal says that there is nothing to do.
    fn act(&self, operation: Operation) {
        if let Err(error) = self.operate(operation) {
            tracing::debug!(%error, "nothing to do");
        }
    }
}

impl sealed::Sealed for MockCluster {}

impl Declare for MockCluster {
    type Declared = RuleHandle;

    #[track_caller]
    fn declare(self, rule: Rule) -> RuleHandle {
        let act = |cluster: &mut Cluster, now: MonoTime| cluster.declare(now, rule);
        let declared = match self.place() {
            Place::Tcp(tcp) => tcp.with(act),
            Place::Memory { memory, .. } => memory.with(|world, now| act(world.machine(), now)),
        };
        match declared {
            Ok(id) => RuleHandle { cluster: self, id },
            Err(error) => panic!("{error}"),
        }
    }
}

/// A rule that is in force at a cluster. It stays so when this is dropped.
#[derive(Clone, Debug)]
pub struct RuleHandle {
    cluster: MockCluster,
    id: RuleId,
}

impl RuleHandle {
    /// Its number.
    pub fn id(&self) -> RuleId {
        self.id
    }

    /// To how many requests it was done. 0 for one that was withdrawn.
    pub fn fired(&self) -> u64 {
        self.report().map_or(0, |report| report.fired)
    }

    /// How many requests it met, those that it let pass included. 0 for one that was withdrawn.
    pub fn seen(&self) -> u64 {
        self.report().map_or(0, |report| report.seen)
    }

    /// Ends it. Does nothing if it has ended.
    pub fn withdraw(&self) {
        self.cluster.act(Operation::Withdraw(self.id));
    }

    /// Waits until it was done to as many requests. Cancel safe.
    ///
    /// # Errors
    /// If it was not within the given time.
    pub async fn wait_until_fired(&self, times: u64, within: Duration) -> Result<(), WaitError> {
        let what = format!("{} has fired {times} times", self.id);
        self.cluster.wait_until(&what, within, |_| self.fired() >= times).await
    }

    fn report(&self) -> Option<FaultReport> {
        self.cluster.inspect(|cluster| cluster.rule(self.id))
    }
}

/// Says at the end of a cluster which faults never fired.
pub(super) fn tell_unfired(unfired: Unfired, faults: Vec<FaultReport>) {
    let Some(unfired_faults) = UnfiredFaults::among(faults) else { return };
    // A test that fails for another reason keeps that one.
    if unfired == Unfired::Fails && !std::thread::panicking() {
        panic!("{unfired_faults}");
    }
    // A test has no subscriber for logs as a rule, and this is for whoever reads its output.
    eprintln!("{unfired_faults}");
}
