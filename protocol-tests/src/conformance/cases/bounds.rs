//! How much one request may ask of the controller: its records are one operation, which has a bound
//! (`QuorumController.MAX_RECORDS_PER_USER_OP`).

use milena_protocol::messages::create_topics_request::CreatableTopic;

use super::super::{Outcome, Scenario};
use super::admin::more;
use super::support::{CREATE_TOPICS, creatable, create};

cases! {
    too_many_partitions_in_one_request_are_refused: One, "ReplicationControlManager.validateTotalNumberOfPartitions";
    a_topic_and_its_settings_count_as_its_partitions_do: One, "QuorumController.MAX_RECORDS_PER_USER_OP";
    topics_of_one_request_share_its_bound: One, "QuorumController.MAX_RECORDS_PER_USER_OP";
    names_that_collide_in_one_request_do_not_see_each_other: One, "ReplicationControlManager.validateNewTopicNames";
    partitions_beyond_the_bound_fail_the_topic_they_are_for: One, "ReplicationControlManager.createPartitions";
}

/// A topic of this many partitions with one replica each.
fn wide(name: &str, partitions: i32, configs: &[(&str, &str)]) -> CreatableTopic {
    creatable(name, &[], configs).with_num_partitions(partitions).with_replication_factor(1)
}

fn too_many_partitions_in_one_request_are_refused(s: &mut Scenario<'_>) -> Outcome {
    let name = s.topic("a");
    for partitions in [9_999, 10_000, 10_001, 20_000] {
        let request = create(vec![wide(&name, partitions, &[])]).with_validate_only(true);
        s.ask(&format!("{partitions}, only validated"), 1, CREATE_TOPICS, &request)?;
    }
    for partitions in [10_000, 10_001] {
        let request = create(vec![wide(&name, partitions, &[])]);
        s.ask(&format!("{partitions}"), 1, CREATE_TOPICS, &request)?;
    }
    s.create_on("b", &[1], &[])?;
    s.metadata("nothing was created", 1, &[&name]).map(drop)
}

fn a_topic_and_its_settings_count_as_its_partitions_do(s: &mut Scenario<'_>) -> Outcome {
    let name = s.topic("a");
    let settings = [("retention.ms", "1000"), ("segment.ms", "1000")];
    for partitions in [9_997, 9_998] {
        let request = create(vec![wide(&name, partitions, &settings)]).with_validate_only(true);
        // Before the version that tells the topic's settings.
        s.ask(&format!("{partitions} and two settings"), 1, 4, &request)?;
    }
    Ok(())
}

fn topics_of_one_request_share_its_bound(s: &mut Scenario<'_>) -> Outcome {
    let (one, two, three) = (s.topic("one"), s.topic("two"), s.topic("three"));
    let requests = [
        ("both fit", vec![wide(&one, 4_999, &[]), wide(&two, 4_999, &[])]),
        ("one record too many", vec![wide(&one, 4_999, &[]), wide(&two, 5_000, &[])]),
        ("far too many", vec![wide(&one, 6_000, &[]), wide(&two, 6_000, &[])]),
        (
            "what is named twice does not count",
            vec![wide(&one, 6_000, &[]), wide(&two, 6_000, &[]), wide(&two, 6_000, &[])],
        ),
        (
            "and is refused as often as it is named",
            vec![wide(&one, 10_000, &[]), wide(&two, 1, &[]), wide(&two, 1, &[])],
        ),
        (
            "what cannot be created counts among the partitions",
            vec![wide(&one, 6_000, &[]).with_replication_factor(7), wide(&two, 6_000, &[])],
        ),
        (
            "and not among the records",
            vec![wide(&one, 5_000, &[]).with_replication_factor(7), wide(&two, 5_000, &[])],
        ),
        (
            "the default counts",
            vec![wide(&one, 9_999, &[]), wide(&two, -1, &[]), wide(&three, -1, &[])],
        ),
    ];
    for (step, topics) in requests {
        // Before the version that tells each topic's settings.
        s.ask(step, 1, 4, &create(topics).with_validate_only(true))?;
    }
    Ok(())
}

fn names_that_collide_in_one_request_do_not_see_each_other(s: &mut Scenario<'_>) -> Outcome {
    let (dot, underscore) = (s.topic("a.b"), s.topic("a_b"));
    let topics = [&dot, &underscore].map(|name| wide(name, 1, &[]));
    s.ask("both at once", 1, 4, &create(topics.to_vec()))?;
    s.ask("again", 1, 4, &create(topics.to_vec()))?;
    let delete = milena_protocol::messages::DeleteTopicsRequest::default()
        .with_topic_names(vec![topics[0].name.clone()])
        .with_timeout_ms(10_000);
    s.ask("one is deleted", 1, 5, &delete)?;
    s.ask("the other is in its way", 1, 4, &create(vec![topics[0].clone()])).map(drop)
}

fn partitions_beyond_the_bound_fail_the_topic_they_are_for(s: &mut Scenario<'_>) -> Outcome {
    let (one, two) = (s.create_on("one", &[1], &[])?, s.create_on("two", &[1], &[])?);
    // None of them is created: what fits of too many would be.
    for count in [10_001, 10_002, 20_000] {
        let request = more(&one, count, None).with_validate_only(true);
        s.ask(&format!("{count}"), 1, 3, &request)?;
    }
    let mut both = more(&one, 6_001, None).with_validate_only(true);
    both.topics.extend(more(&two, 6_001, None).topics);
    s.ask("two topics share the bound", 1, 3, &both).map(drop)
}
