//! DescribeUserScramCredentials, version 0 (KIP-554): which mechanisms users have, from this
//! broker's image. Passwords are never told.

use std::collections::{BTreeMap, BTreeSet};

use milena_protocol::ErrorCode;
use milena_protocol::StrBytes;
use milena_protocol::messages::describe_user_scram_credentials_response::{
    CredentialInfo, DescribeUserScramCredentialsResult,
};
use milena_protocol::messages::{DescribeUserScramCredentialsResponse, RequestKind, ResponseKind};

use super::body;
use crate::broker::{Answer, Asked, Process};
use crate::context::Context;

pub(super) fn handle(
    process: &mut Process,
    _ctx: &mut Context<'_>,
    asked: &Asked,
    body: RequestKind,
) -> Answer {
    let request = body!(asked, body, DescribeUserScramCredentials);
    let mut infos: BTreeMap<&str, Vec<CredentialInfo>> = BTreeMap::new();
    for ((user, mechanism), credential) in &process.image.scram {
        let info = CredentialInfo::default()
            .with_mechanism(*mechanism)
            .with_iterations(credential.iterations);
        infos.entry(user).or_default().push(info);
    }
    let asked: Vec<&str> = request.users.iter().flatten().map(|user| user.name.as_str()).collect();
    let users: BTreeSet<&str> = if asked.is_empty() {
        infos.keys().copied().collect()
    } else {
        asked.iter().copied().collect()
    };
    let results = users.into_iter().map(|user| {
        let twice = asked.iter().filter(|name| **name == user).count() > 1;
        let result = DescribeUserScramCredentialsResult::default()
            .with_user(StrBytes::from_string(user.to_owned()));
        let refused = |code: ErrorCode, text: &'static str| {
            result
                .clone()
                .with_error_code(code.0)
                .with_error_message(Some(StrBytes::from_static_str(text)))
        };
        match infos.get(user) {
            _ if twice => refused(
                ErrorCode::DUPLICATE_RESOURCE,
                "Cannot describe SCRAM credentials for the same user twice in a single request",
            ),
            Some(infos) => result.clone().with_credential_infos(infos.clone()),
            None => refused(
                ErrorCode::RESOURCE_NOT_FOUND,
                "Attempt to describe a user credential that does not exist",
            ),
        }
    });
    let response = DescribeUserScramCredentialsResponse::default().with_results(results.collect());
    ResponseKind::DescribeUserScramCredentials(response).into()
}

// Not modelled: nothing is left out.
