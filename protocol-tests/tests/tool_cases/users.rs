//! `kafka-configs` for users and clients, and `kafka-acls`

use milena_protocol_tests::interop::Script::{Acls, Configs};

use super::Ground;

pub(crate) fn quotas(g: &mut Ground<'_>) {
    let both = "--entity-type users --entity-name alice --entity-type clients --entity-name app";
    let set = "--alter --add-config producer_byte_rate=1024,consumer_byte_rate=2048";
    let said = g.ok(Configs, &format!("{both} {set}"));
    assert_eq!(said.len(), 1);
    assert!(said[0].starts_with("Completed updating config for"), "{said:?}");
    let describe = format!("{both} --describe");
    let seen = g.until(Configs, &describe, |seen| !seen.is_empty());
    assert_eq!(
        seen,
        ["Quota configs for user-principal 'alice', client-id 'app' are \
          consumer_byte_rate=2048.0, producer_byte_rate=1024.0"]
    );
    let by_default = "--entity-type clients --entity-default";
    g.ok(Configs, &format!("{by_default} --alter --add-config request_percentage=50"));
    let seen = g.until(Configs, &format!("{by_default} --describe"), |seen| !seen.is_empty());
    assert_eq!(seen, ["Quota configs for the default client-id are request_percentage=50.0"]);
    g.fails(Configs, &format!("{both} --alter --add-config no_such_rate=1"), "no_such_rate");
    let remove = "--alter --delete-config producer_byte_rate,consumer_byte_rate";
    g.ok(Configs, &format!("{both} {remove}"));
    g.ok(Configs, &format!("{by_default} --alter --delete-config request_percentage"));
    g.until(Configs, &describe, <[String]>::is_empty);
    g.until(Configs, &format!("{by_default} --describe"), <[String]>::is_empty);
}

pub(crate) fn credentials(g: &mut Ground<'_>) {
    let user = "--entity-type users --entity-name bob";
    let set = "--alter --add-config SCRAM-SHA-256=[iterations=8192,password=secret-of-bob]";
    assert_eq!(
        g.ok(Configs, &format!("{user} {set}")),
        ["Completed updating config for user bob."]
    );
    let describe = format!("{user} --describe");
    let seen = g.until(Configs, &describe, |seen| !seen.is_empty());
    assert_eq!(
        seen,
        ["SCRAM credential configs for user-principal 'bob' are SCRAM-SHA-256=iterations=8192"]
    );
    let absent = format!("{user} --alter --delete-config SCRAM-SHA-512");
    g.fails(Configs, &absent, "Attempt to delete a user credential that does not exist");
    g.ok(Configs, &format!("{user} --alter --delete-config SCRAM-SHA-256"));
    g.until(Configs, &describe, <[String]>::is_empty);
}

pub(crate) fn acls(g: &mut Ground<'_>) {
    g.fails(Acls, "--list", "No Authorizer is configured");
    g.fails(
        Acls,
        "--add --allow-principal User:alice --operation Read --topic orders",
        "No Authorizer is configured",
    );
}
