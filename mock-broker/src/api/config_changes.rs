//! What both ways to change settings have in common on the broker that is asked
//! (`ConfigAdminManager.preprocess`).

use std::collections::BTreeSet;

use milena_protocol::ErrorCode;
use milena_protocol::messages::RequestKind;

use crate::broker::{Answer, Asked, Forwarded, Process, Reassembly};
use crate::context::Context;
use crate::controller::Refusal;
use crate::controller::configs::{BROKER, BROKER_LOGGER, CLIENT_METRICS, GROUP, TOPIC};
use crate::metadata::Resource;
use crate::settings::Values;

/// A resource as a request names it.
pub(super) type Named = (i8, String);

pub(super) fn invalid<T>(text: &str) -> Result<T, Refusal> {
    Err((ErrorCode::INVALID_REQUEST, text.to_owned()))
}

/// Sorts resources into those that this broker answers itself and the rest, which are the
/// controller's. `check` says what this broker has to say of one, if anything; one that is named
/// twice is refused.
pub(super) fn sort<R, A>(
    resources: Vec<R>,
    named: impl Fn(&R) -> Named,
    check: impl Fn(&R) -> Option<Result<(), Refusal>>,
    answer: impl Fn(&R, Result<(), Refusal>) -> A,
) -> (Vec<Option<A>>, Vec<R>) {
    let twice = twice(resources.iter().map(&named));
    let mut rest = Vec::new();
    let told = resources.into_iter().map(|resource| {
        let outcome = if twice.contains(&named(&resource)) {
            Some(invalid("Each resource must appear at most once."))
        } else {
            check(&resource)
        };
        let told = outcome.map(|outcome| answer(&resource, outcome));
        if told.is_none() {
            rest.push(resource);
        }
        told
    });
    let told = told.collect();
    (told, rest)
}

/// Hands the rest of a request on to the controller.
pub(super) fn pass_on(
    process: &mut Process,
    ctx: &mut Context<'_>,
    asked: &Asked,
    rest: RequestKind,
    told: Reassembly,
) -> Answer {
    let until = ctx.now + ctx.config.timings.forwarding_timeout;
    let (request, reassembly) = (Box::new(rest), Some(told));
    process.forward(ctx, Forwarded { asked: *asked, request, reassembly, until });
    Answer::Later
}

/// Resources that are named more than once.
fn twice(resources: impl Iterator<Item = Named>) -> BTreeSet<Named> {
    let mut seen = BTreeSet::new();
    let mut twice = BTreeSet::new();
    for resource in resources {
        if !seen.insert(resource.clone()) {
            twice.insert(resource);
        }
    }
    twice
}

/// No setting may be named more than once.
pub(super) fn check_once<'a>(mut names: impl Iterator<Item = &'a str>) -> Result<(), Refusal> {
    let mut seen = BTreeSet::new();
    if names.all(|name| seen.insert(name)) {
        Ok(())
    } else {
        invalid("Error due to duplicate config keys")
    }
}

/// A broker changes itself, or the default of all brokers.
pub(super) fn check_resource(process: &Process, kind: i8, name: &str) -> Result<(), Refusal> {
    match kind {
        TOPIC | CLIENT_METRICS | GROUP => Ok(()),
        BROKER if name.is_empty() => Ok(()),
        BROKER | BROKER_LOGGER => match name.parse::<i32>() {
            Ok(id) if id == process.id.get() => Ok(()),
            Ok(_) => invalid("Unexpected broker id"),
            Err(_) => invalid("Node id must be an integer"),
        },
        _ => invalid("Unknown resource type"),
    }
}

/// What is set for a broker, or for all of them.
pub(super) fn own_values(process: &Process, name: &str) -> Values {
    let resource =
        if name.is_empty() { Resource::AllBrokers } else { Resource::Broker(process.id) };
    process.image.values_of(&resource).cloned().unwrap_or_default()
}
