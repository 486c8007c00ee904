//! Answers of which this broker gave a part and the controller the rest
//! (`ConfigAdminManager.reassembleIncrementalResponse`).

use milena_protocol::messages::{
    ResponseKind, alter_configs_response, incremental_alter_configs_response,
};

/// What this broker has said, by resource; nothing where the controller is asked.
#[derive(Clone, Debug)]
pub(crate) enum Reassembly {
    IncrementalAlterConfigs(
        Vec<Option<incremental_alter_configs_response::AlterConfigsResourceResponse>>,
    ),
    AlterConfigs(Vec<Option<alter_configs_response::AlterConfigsResourceResponse>>),
}

impl Reassembly {
    /// The whole answer, in the order of the request.
    pub(super) fn complete(self, mut response: ResponseKind) -> ResponseKind {
        match (self, &mut response) {
            (
                Self::IncrementalAlterConfigs(told),
                ResponseKind::IncrementalAlterConfigs(answered),
            ) => answered.responses = woven(told, std::mem::take(&mut answered.responses)),
            (Self::AlterConfigs(told), ResponseKind::AlterConfigs(answered)) => {
                answered.responses = woven(told, std::mem::take(&mut answered.responses));
            }
            // The controller answers a request in its own kind.
            _ => {}
        }
        response
    }
}

fn woven<T>(told: Vec<Option<T>>, answered: Vec<T>) -> Vec<T> {
    let mut answered = answered.into_iter();
    told.into_iter().filter_map(|told| told.or_else(|| answered.next())).collect()
}
