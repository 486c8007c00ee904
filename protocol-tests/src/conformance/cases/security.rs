//! Users, quotas, features, and what a broker without an authorizer answers.

use bytes::Bytes;
use milena_protocol::messages::alter_client_quotas_request::{EntityData, EntryData, OpData};
use milena_protocol::messages::alter_user_scram_credentials_request::{
    ScramCredentialDeletion, ScramCredentialUpsertion,
};
use milena_protocol::messages::describe_client_quotas_request::ComponentData;
use milena_protocol::messages::describe_user_scram_credentials_request::UserName;
use milena_protocol::messages::update_features_request::FeatureUpdateKey;
use milena_protocol::messages::{
    AlterClientQuotasRequest, AlterUserScramCredentialsRequest, CreateAclsRequest,
    CreateDelegationTokenRequest, DeleteAclsRequest, DescribeAclsRequest,
    DescribeClientQuotasRequest, DescribeDelegationTokenRequest,
    DescribeUserScramCredentialsRequest, ExpireDelegationTokenRequest, RenewDelegationTokenRequest,
    SaslAuthenticateRequest, SaslHandshakeRequest, UpdateFeaturesRequest,
};

use super::super::scenario::text;
use super::super::{Outcome, Scenario};

cases! {
    acls_need_an_authorizer: One, "AclApis";
    sasl_is_not_spoken_on_a_plaintext_listener: One, "KafkaApis.handleSaslHandshakeRequest";
    delegation_tokens_are_not_given: One, "KafkaApis (delegation tokens)";
    scram_credentials_are_stored_and_described: One, "KIP-554";
    scram_changes_that_make_no_sense_are_refused: One, "ScramControlManager";
    quotas_are_stored_and_described: One, "KIP-546";
    quotas_that_make_no_sense_are_refused: One, "ClientQuotaControlManager";
    features_are_not_set_to_what_nobody_supports: One, "FeatureControlManager";
}

fn acls_need_an_authorizer(s: &mut Scenario<'_>) -> Outcome {
    let describe = DescribeAclsRequest::default()
        .with_resource_type_filter(1)
        .with_operation(1)
        .with_permission_type(1)
        .with_pattern_type_filter(1);
    s.ask("described", 1, 3, &describe)?;
    s.ask("created, none", 1, 3, &CreateAclsRequest::default())?;
    let creation = milena_protocol::messages::create_acls_request::AclCreation::default()
        .with_resource_type(2)
        .with_resource_name(text("a"))
        .with_resource_pattern_type(3)
        .with_principal(text("User:a"))
        .with_host(text("*"))
        .with_operation(3)
        .with_permission_type(3);
    s.ask("created", 1, 3, &CreateAclsRequest::default().with_creations(vec![creation]))?;
    s.ask("deleted, none", 1, 3, &DeleteAclsRequest::default()).map(drop)
}

fn sasl_is_not_spoken_on_a_plaintext_listener(s: &mut Scenario<'_>) -> Outcome {
    let handshake = SaslHandshakeRequest::default().with_mechanism(text("PLAIN"));
    s.ask("handshake", 1, 1, &handshake)?;
    let authenticate = SaslAuthenticateRequest::default().with_auth_bytes(Bytes::from_static(b"a"));
    s.ask("authenticate", 1, 2, &authenticate).map(drop)
}

fn delegation_tokens_are_not_given(s: &mut Scenario<'_>) -> Outcome {
    s.ask("create", 1, 3, &CreateDelegationTokenRequest::default())?;
    s.ask("renew", 1, 2, &RenewDelegationTokenRequest::default())?;
    s.ask("expire", 1, 2, &ExpireDelegationTokenRequest::default())?;
    s.ask("describe", 1, 3, &DescribeDelegationTokenRequest::default()).map(drop)
}

const SHA_256: i8 = 1;

fn upsertion(name: &str, iterations: i32, mechanism: i8) -> AlterUserScramCredentialsRequest {
    let upsertion = ScramCredentialUpsertion::default()
        .with_name(text(name))
        .with_mechanism(mechanism)
        .with_iterations(iterations)
        .with_salt(Bytes::from_static(b"salt"))
        .with_salted_password(Bytes::from_static(b"0123456789abcdef0123456789abcdef"));
    AlterUserScramCredentialsRequest::default().with_upsertions(vec![upsertion])
}

fn deletion(name: &str, mechanism: i8) -> AlterUserScramCredentialsRequest {
    let deletion =
        ScramCredentialDeletion::default().with_name(text(name)).with_mechanism(mechanism);
    AlterUserScramCredentialsRequest::default().with_deletions(vec![deletion])
}

fn described(users: Option<&[&str]>) -> DescribeUserScramCredentialsRequest {
    let users = users
        .map(|users| users.iter().map(|name| UserName::default().with_name(text(name))).collect());
    DescribeUserScramCredentialsRequest::default().with_users(users)
}

/// Waits until `request`'s answer satisfies `done`.
fn settled<R: milena_protocol::Request>(
    s: &mut Scenario<'_>,
    version: i16,
    request: &R,
    done: impl Fn(&R::Response) -> bool,
) -> Outcome {
    s.wait_until("the change", |s| {
        let answer = s.query(1, version, request)?;
        Ok((done(&answer), "another answer".to_owned()))
    })
}

fn scram_credentials_are_stored_and_described(s: &mut Scenario<'_>) -> Outcome {
    s.ask("nobody", 1, 0, &described(None))?;
    s.ask("stored", 1, 0, &upsertion("anna", 4_096, SHA_256))?;
    settled(s, 0, &described(None), |answer| answer.results.len() == 1)?;
    s.ask("all", 1, 0, &described(None))?;
    s.ask("by name", 1, 0, &described(Some(&["anna", "bert"])))?;
    s.ask("the same twice", 1, 0, &described(Some(&["anna", "anna"])))?;
    s.ask("deleted", 1, 0, &deletion("anna", SHA_256))?;
    settled(s, 0, &described(None), |answer| answer.results.is_empty())?;
    s.ask("deleted again", 1, 0, &deletion("anna", SHA_256)).map(drop)
}

fn scram_changes_that_make_no_sense_are_refused(s: &mut Scenario<'_>) -> Outcome {
    for (step, request) in [
        ("too few iterations", upsertion("anna", 10, SHA_256)),
        ("too many iterations", upsertion("anna", 100_000, SHA_256)),
        ("an unknown mechanism", upsertion("anna", 4_096, 9)),
        ("no name", upsertion("", 4_096, SHA_256)),
        ("nobody to delete", deletion("bert", SHA_256)),
    ] {
        s.ask(step, 1, 0, &request)?;
    }
    Ok(())
}

fn quota(
    kind: &str,
    name: Option<&str>,
    key: &str,
    value: Option<f64>,
) -> AlterClientQuotasRequest {
    let entity =
        EntityData::default().with_entity_type(text(kind)).with_entity_name(name.map(text));
    let op = OpData::default()
        .with_key(text(key))
        .with_value(value.unwrap_or_default())
        .with_remove(value.is_none());
    let entry = EntryData::default().with_entity(vec![entity]).with_ops(vec![op]);
    AlterClientQuotasRequest::default().with_entries(vec![entry])
}

fn quotas_of(kind: &str, match_type: i8, name: Option<&str>) -> DescribeClientQuotasRequest {
    let component = ComponentData::default()
        .with_entity_type(text(kind))
        .with_match_type(match_type)
        .with_match(name.map(text));
    DescribeClientQuotasRequest::default().with_components(vec![component])
}

fn quotas_are_stored_and_described(s: &mut Scenario<'_>) -> Outcome {
    let of_client = quotas_of("client-id", 0, Some("slow"));
    s.ask("nothing", 1, 1, &of_client)?;
    let set = quota("client-id", Some("slow"), "producer_byte_rate", Some(1e9));
    s.ask("stored", 1, 1, &set)?;
    let there = |answer: &milena_protocol::messages::DescribeClientQuotasResponse| {
        answer.entries.as_ref().is_some_and(|entries| !entries.is_empty())
    };
    settled(s, 1, &of_client, there)?;
    s.ask("by name", 1, 1, &of_client)?;
    s.ask("of any client", 1, 1, &quotas_of("client-id", 2, None))?;
    s.ask("of the default", 1, 1, &quotas_of("client-id", 1, None))?;
    let remove = quota("client-id", Some("slow"), "producer_byte_rate", None);
    s.ask("removed", 1, 1, &remove)?;
    settled(s, 1, &of_client, |answer| !there(answer))
}

fn quotas_that_make_no_sense_are_refused(s: &mut Scenario<'_>) -> Outcome {
    for (step, request) in [
        ("an unknown key", quota("client-id", Some("a"), "no_such_rate", Some(1.0))),
        ("an unknown kind", quota("planet", Some("a"), "producer_byte_rate", Some(1.0))),
        ("a negative rate", quota("client-id", Some("a"), "producer_byte_rate", Some(-1.0))),
        ("an empty name", quota("client-id", Some(""), "producer_byte_rate", Some(1.0))),
        ("no entity", AlterClientQuotasRequest::default()),
    ] {
        s.ask(step, 1, 1, &request)?;
    }
    s.ask("an unknown kind described", 1, 1, &quotas_of("planet", 0, Some("a")))?;
    s.ask("an unknown match", 1, 1, &quotas_of("client-id", 7, Some("a"))).map(drop)
}

fn features_are_not_set_to_what_nobody_supports(s: &mut Scenario<'_>) -> Outcome {
    let update = |name: &str, level: i16| {
        let key = FeatureUpdateKey::default()
            .with_feature(text(name))
            .with_max_version_level(level)
            .with_upgrade_type(1);
        UpdateFeaturesRequest::default().with_feature_updates(vec![key]).with_timeout_ms(10_000)
    };
    for (step, request) in [
        ("an unknown feature", update("no.such.feature", 1)),
        ("far too high", update("metadata.version", 999)),
        ("lower without saying so", update("metadata.version", 8)),
        ("no feature", UpdateFeaturesRequest::default()),
    ] {
        s.ask(step, 1, 1, &request)?;
    }
    Ok(())
}
