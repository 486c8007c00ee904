//! Users, quotas, features, and what a broker without an authorizer answers.

use bytes::Bytes;
use milena_protocol::messages::add_raft_voter_request::Listener;
use milena_protocol::messages::alter_client_quotas_request::{EntityData, EntryData, OpData};
use milena_protocol::messages::alter_user_scram_credentials_request::{
    ScramCredentialDeletion, ScramCredentialUpsertion,
};
use milena_protocol::messages::describe_client_quotas_request::ComponentData;
use milena_protocol::messages::describe_user_scram_credentials_request::UserName;
use milena_protocol::messages::update_features_request::FeatureUpdateKey;
use milena_protocol::messages::{
    AddRaftVoterRequest, AlterClientQuotasRequest, AlterUserScramCredentialsRequest,
    CreateAclsRequest, CreateDelegationTokenRequest, DeleteAclsRequest, DescribeAclsRequest,
    DescribeClientQuotasRequest, DescribeDelegationTokenRequest,
    DescribeUserScramCredentialsRequest, ExpireDelegationTokenRequest, RemoveRaftVoterRequest,
    RenewDelegationTokenRequest, SaslAuthenticateRequest, SaslHandshakeRequest,
    UpdateFeaturesRequest,
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
    features_are_tried_without_being_changed: One, "KIP-584";
    a_feature_is_lowered_and_raised_again: One, "KIP-1022";
    the_code_of_unknown_in_a_filter_of_acls_closes_the_connection: One, "DescribeAclsRequest";
    voters_of_a_static_quorum_stay: One, "KIP-853";
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

/// An update of one feature; upgrades are 1, downgrades 2 (safe) and 3.
fn feature(name: &str, level: i16, direction: i8) -> UpdateFeaturesRequest {
    let key = FeatureUpdateKey::default()
        .with_feature(text(name))
        .with_max_version_level(level)
        .with_upgrade_type(direction);
    UpdateFeaturesRequest::default().with_feature_updates(vec![key]).with_timeout_ms(10_000)
}

fn features_are_tried_without_being_changed(s: &mut Scenario<'_>) -> Outcome {
    for (name, level, direction) in [
        ("metadata.version", 27, 1),
        ("metadata.version", 21, 1),
        ("metadata.version", 25, 2),
        ("metadata.version", 23, 2),
        ("metadata.version", 22, 2),
        ("metadata.version", 22, 3),
        ("metadata.version", 20, 2),
        ("metadata.version", 17, 2),
        ("metadata.version", 16, 2),
        ("metadata.version", 1, 2),
        ("metadata.version", 0, 2),
        ("metadata.version", -1, 2),
        ("metadata.version", 28, 2),
        ("transaction.version", 1, 2),
        ("transaction.version", 1, 1),
        ("transaction.version", 2, 2),
        ("transaction.version", 2, 0),
        ("transaction.version", 0, 3),
        ("transaction.version", 3, 1),
        ("group.version", 0, 2),
        ("eligible.leader.replicas.version", 0, 2),
        ("share.version", 1, 1),
        ("no.such.feature", 0, 1),
        ("no.such.feature", 0, 2),
    ] {
        for version in [1, 2] {
            let request = feature(name, level, direction).with_validate_only(true);
            let step = format!("{name} {level} by {direction}, v{version}");
            s.ask(&step, 1, version, &request)?;
        }
    }
    let mut both = feature("transaction.version", 1, 2).with_validate_only(true);
    both.feature_updates.extend(feature("group.version", 7, 1).feature_updates);
    s.ask("one good, one bad", 1, 1, &both)?;
    both.feature_updates.truncate(1);
    both.feature_updates.extend(feature("group.version", 0, 2).feature_updates);
    s.ask("two good ones", 1, 1, &both).map(drop)
}

fn a_feature_is_lowered_and_raised_again(s: &mut Scenario<'_>) -> Outcome {
    let name = "transaction.version";
    s.ask("lowered", 1, 2, &feature(name, 1, 2))?;
    wait_for_level(s, name, 1)?;
    s.ask("raised", 1, 2, &feature(name, 2, 1))?;
    wait_for_level(s, name, 2)
}

/// Waits until a broker tells this level of a feature, if the release knows it.
fn wait_for_level(s: &mut Scenario<'_>, name: &str, level: i16) -> Outcome {
    let request = milena_protocol::messages::ApiVersionsRequest::default()
        .with_client_software_name(text("conformance"))
        .with_client_software_version(text("1"));
    s.wait_until(&format!("level {level} of {name}"), |s| {
        let answer = s.query(1, 4, &request)?;
        if answer.supported_features.iter().all(|known| known.name.as_str() != name) {
            return Ok((true, String::new()));
        }
        let found = answer.finalized_features.iter().find(|known| known.name.as_str() == name);
        let seen = found.map_or(0, |known| known.max_version_level);
        Ok((seen == level, format!("level {seen}")))
    })
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

fn the_code_of_unknown_in_a_filter_of_acls_closes_the_connection(s: &mut Scenario<'_>) -> Outcome {
    let known = [1, 1, 1, 1];
    let (mut below, mut above, mut last) = (known, known, [7, 4, 14, 3]);
    for at in 0..known.len() {
        below[at] = 0;
        above[at] = last[at] + 2;
        s.raw(&format!("code {at} is 0"), 1, described_acls(below))?;
        s.raw(&format!("code {at} is too high"), 1, described_acls(above))?;
        (below, above) = (known, known);
    }
    s.raw("the highest", 1, described_acls(last))?;
    last[3] = -1;
    s.raw("a negative one", 1, described_acls(last)).map(drop)
}

/// DescribeAcls of version 1 with these types of resource and pattern, operation and permission.
fn described_acls([resource, pattern, operation, permission]: [i8; 4]) -> Bytes {
    let mut frame = vec![0, 29, 0, 1, 0, 0, 0, 7, 0xff, 0xff];
    frame.push(resource.to_be_bytes()[0]);
    frame.extend([0xff, 0xff]);
    frame.push(pattern.to_be_bytes()[0]);
    frame.extend([0xff; 4]);
    frame.extend([operation.to_be_bytes()[0], permission.to_be_bytes()[0]]);
    frame.into()
}

fn voters_of_a_static_quorum_stay(s: &mut Scenario<'_>) -> Outcome {
    let voter = AddRaftVoterRequest::default()
        .with_cluster_id(None)
        .with_voter_id(7)
        .with_voter_directory_id(uuid::Uuid::from_u128(7))
        .with_timeout_ms(1_000);
    let listener = |name: &str| {
        Listener::default().with_name(text(name)).with_host(text("localhost")).with_port(9093)
    };
    let complete = voter.clone().with_listeners(vec![listener("CONTROLLER")]);
    for (step, request) in [
        ("no listener", voter.clone()),
        ("another listener", voter.with_listeners(vec![listener("PLAINTEXT")])),
        ("no directory", complete.clone().with_voter_directory_id(uuid::Uuid::nil())),
        ("no voter", complete.clone().with_voter_id(-1)),
        ("another cluster", complete.clone().with_cluster_id(Some(text("another")))),
        ("complete", complete),
    ] {
        s.ask(step, 1, 0, &request)?;
    }
    let removed = RemoveRaftVoterRequest::default()
        .with_cluster_id(None)
        .with_voter_id(7)
        .with_voter_directory_id(uuid::Uuid::from_u128(7));
    s.ask("removed", 1, 0, &removed)?;
    let nobody = removed.clone().with_voter_directory_id(uuid::Uuid::nil());
    s.ask("removed, no directory", 1, 0, &nobody)?;
    let elsewhere = removed.with_cluster_id(Some(text("another")));
    s.ask("removed from another cluster", 1, 0, &elsewhere).map(drop)
}
