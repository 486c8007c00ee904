//! SCRAM credentials (KIP-554, `ScramControlManager`).

use std::collections::BTreeMap;

use milena_protocol::ErrorCode;
use milena_protocol::StrBytes;
use milena_protocol::messages::alter_user_scram_credentials_request::ScramCredentialUpsertion;
use milena_protocol::messages::alter_user_scram_credentials_response::AlterUserScramCredentialsResult;
use milena_protocol::messages::{
    AlterUserScramCredentialsRequest, AlterUserScramCredentialsResponse,
};

use super::Controller;
use super::topics::{Refusal, duplicates};
use crate::context::Context;
use crate::metadata::{Record, ScramCredential};

/// `ScramMechanism`
const MECHANISMS: [i8; 2] = [1, 2];
/// `ScramMechanism.minIterations` and `ScramControlManager.MAX_ITERATIONS`
const ITERATIONS: std::ops::RangeInclusive<i32> = 4_096..=16_384;

impl Controller {
    pub(super) fn alter_scram(
        &mut self,
        ctx: &mut Context<'_>,
        request: &AlterUserScramCredentialsRequest,
    ) -> AlterUserScramCredentialsResponse {
        // A user is answered once, and changed altogether or not at all.
        let mut outcomes: BTreeMap<&str, Result<Vec<Record>, Refusal>> = BTreeMap::new();
        let deletions = request.deletions.iter().map(|d| (d.name.as_str(), d.mechanism));
        let upsertions = request.upsertions.iter().map(|u| (u.name.as_str(), u.mechanism));
        let twice = duplicates(deletions.chain(upsertions));
        for deletion in &request.deletions {
            let key = (deletion.name.as_str(), deletion.mechanism);
            let judged = self.judge_deletion(key);
            note(&mut outcomes, key, &twice, judged);
        }
        for upsertion in &request.upsertions {
            let key = (upsertion.name.as_str(), upsertion.mechanism);
            note(&mut outcomes, key, &twice, judge_upsertion(upsertion));
        }
        let mut response = AlterUserScramCredentialsResponse::default();
        let mut records = Vec::new();
        for (user, outcome) in outcomes {
            let result = AlterUserScramCredentialsResult::default()
                .with_user(StrBytes::from_string(user.to_owned()))
                .with_error_message(None);
            response.results.push(match outcome {
                Ok(changes) => {
                    records.extend(changes);
                    result
                }
                Err((code, text)) => result
                    .with_error_code(code.0)
                    .with_error_message(Some(StrBytes::from_string(text))),
            });
        }
        self.commit(ctx, records);
        response
    }

    fn judge_deletion(&self, (user, mechanism): (&str, i8)) -> Result<Record, Refusal> {
        check_name_and_mechanism(user, mechanism)?;
        let key = (user.to_owned(), mechanism);
        if !self.image.scram.contains_key(&key) {
            let text = "Attempt to delete a user credential that does not exist".to_owned();
            return Err((ErrorCode::RESOURCE_NOT_FOUND, text));
        }
        Ok(Record::Scram { key, credential: None })
    }
}

fn note<'a>(
    outcomes: &mut BTreeMap<&'a str, Result<Vec<Record>, Refusal>>,
    key: (&'a str, i8),
    twice: &std::collections::BTreeSet<(&str, i8)>,
    judged: Result<Record, Refusal>,
) {
    let judged = if twice.contains(&key) {
        let text = "A user credential cannot be altered twice in the same request".to_owned();
        Err((ErrorCode::DUPLICATE_RESOURCE, text))
    } else {
        judged
    };
    let outcome = outcomes.entry(key.0).or_insert_with(|| Ok(Vec::new()));
    match (outcome.as_mut(), judged) {
        (Ok(records), Ok(record)) => records.push(record),
        (Ok(_), Err(refusal)) => *outcome = Err(refusal),
        (Err(_), _) => {}
    }
}

fn judge_upsertion(asked: &ScramCredentialUpsertion) -> Result<Record, Refusal> {
    check_name_and_mechanism(asked.name.as_str(), asked.mechanism)?;
    if !ITERATIONS.contains(&asked.iterations) {
        let text = format!(
            "{} iterations, of {} to {}",
            asked.iterations,
            ITERATIONS.start(),
            ITERATIONS.end()
        );
        return Err((ErrorCode::UNACCEPTABLE_CREDENTIAL, text));
    }
    let credential = ScramCredential {
        iterations: asked.iterations,
        salt: asked.salt.clone(),
        salted_password: asked.salted_password.clone(),
    };
    let key = (asked.name.as_str().to_owned(), asked.mechanism);
    Ok(Record::Scram { key, credential: Some(credential) })
}

fn check_name_and_mechanism(user: &str, mechanism: i8) -> Result<(), Refusal> {
    if user.is_empty() {
        let text = "Username must not be empty".to_owned();
        return Err((ErrorCode::UNACCEPTABLE_CREDENTIAL, text));
    }
    if !MECHANISMS.contains(&mechanism) {
        let text = "Unknown SCRAM mechanism".to_owned();
        return Err((ErrorCode::UNSUPPORTED_SASL_MECHANISM, text));
    }
    Ok(())
}
