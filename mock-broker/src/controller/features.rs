//! Features of the whole cluster (KIP-584, KIP-1022, `FeatureControlManager`): which level may
//! follow which.
//!
//! From 4.0 on an update is carried out whole or not at all, and the first feature that cannot be
//! changed is told; 3.9 takes each feature by itself.

use milena_protocol::messages::update_features_request::FeatureUpdateKey;
use milena_protocol::messages::update_features_response::UpdatableFeatureResult;
use milena_protocol::messages::{UpdateFeaturesRequest, UpdateFeaturesResponse};
use milena_protocol::{ErrorCode, StrBytes};

use super::Controller;
use super::change::EligibleLeaders;
use crate::context::Context;
use crate::metadata::Record;
use crate::release::{ELIGIBLE_LEADERS, METADATA_VERSION, Release};

/// The last version that names each feature in its answer (KIP-1022).
const LAST_WITH_RESULTS: i16 = 1;

/// The levels of `metadata.version` whose records an older one would not understand
/// (`MetadataVersion.didMetadataChange`).
const CHANGED_METADATA: &[i16] = &[1, 3, 5, 6, 7, 8, 11, 13, 14, 15, 17, 23];

/// `FeatureUpdate.UpgradeType`
#[derive(Clone, Copy, PartialEq, Eq)]
enum Direction {
    Up,
    Down,
}

impl Controller {
    pub(super) fn update_features(
        &mut self,
        ctx: &mut Context<'_>,
        version: i16,
        request: &UpdateFeaturesRequest,
    ) -> UpdateFeaturesResponse {
        let mut updates: Vec<&FeatureUpdateKey> = Vec::new();
        for update in &request.feature_updates {
            if updates.iter().all(|known| known.feature != update.feature) {
                updates.push(update);
            }
        }
        let judged: Vec<_> = updates
            .iter()
            .map(|update| self.update_feature(ctx.config.release, version, update))
            .collect();
        let answer = match ctx.config.release {
            Release::V3_9 => each_by_itself(&updates, &judged),
            Release::V4_1 => all_or_none(version, &updates, &judged),
        };
        let is_refused = answer.error_code != 0;
        if !request.validate_only && !is_refused {
            self.commit(ctx, judged.into_iter().flatten().collect());
            // What ELR needs, if it was off until now.
            let safety = self.elr_safety_records();
            self.commit(ctx, safety);
        }
        answer
    }

    fn update_feature(
        &self,
        release: Release,
        version: i16,
        update: &FeatureUpdateKey,
    ) -> Result<Record, String> {
        let (name, level) = (update.feature.as_str(), update.max_version_level);
        let invalid =
            |why: &str| Err(format!("Invalid update version {level} for feature {name}. {why}"));
        let Some(direction) = direction(version, update) else {
            return invalid("The controller does not support the given upgrade type.");
        };
        if level < 0 {
            return invalid("A feature version cannot be less than 0.");
        }
        let Some((min, max)) = release.feature(name).map(|feature| feature.supported) else {
            return match (release, level) {
                // Off is a level that every node supports of any feature.
                (Release::V3_9, 0) => Ok(Record::Feature { name: name.to_owned(), level }),
                _ => invalid("No node supports this feature."),
            };
        };
        if !(min..=max).contains(&level) {
            return invalid(&format!("The nodes support the versions {min} to {max}."));
        }
        let current = self.image.features.get(name).copied().unwrap_or(0);
        if level < current && direction == Direction::Up {
            return invalid("A downgrade has to be asked for as a downgrade.");
        }
        if level > current && direction == Direction::Down {
            return invalid("Can't downgrade to a newer version.");
        }
        if name == METADATA_VERSION
            && CHANGED_METADATA.iter().any(|changed| (level + 1..=current).contains(changed))
        {
            return invalid("The downgrade might delete metadata information.");
        }
        Ok(Record::Feature { name: name.to_owned(), level })
    }

    /// What follows from a feature's new level.
    pub(super) fn feature_changed(&mut self, name: &str, level: i16) {
        if name == ELIGIBLE_LEADERS {
            self.eligible_leaders = EligibleLeaders::from(level > 0);
        }
    }
}

/// Version 0 has a flag in place of the kind of the change. An unsafe downgrade goes as far as a
/// safe one: no release carries one out that would delete metadata.
fn direction(version: i16, update: &FeatureUpdateKey) -> Option<Direction> {
    if version == 0 {
        return Some(if update.allow_downgrade { Direction::Down } else { Direction::Up });
    }
    match update.upgrade_type {
        1 => Some(Direction::Up),
        2 | 3 => Some(Direction::Down),
        _ => None,
    }
}

/// 3.9 carries out what it can, and tells each.
fn each_by_itself(
    updates: &[&FeatureUpdateKey],
    judged: &[Result<Record, String>],
) -> UpdateFeaturesResponse {
    let results = updates.iter().zip(judged).map(|(update, outcome)| {
        let result = UpdatableFeatureResult::default().with_feature(update.feature.clone());
        match outcome {
            Ok(_) => result.with_error_message(None),
            Err(reason) => result
                .with_error_code(ErrorCode::INVALID_UPDATE_VERSION.0)
                .with_error_message(Some(StrBytes::from_string(reason.clone()))),
        }
    });
    // The message of the whole is left as its schema has it, empty.
    UpdateFeaturesResponse::default()
        .with_error_message(Some(StrBytes::default()))
        .with_results(results.collect())
}

/// From 4.0 on all features are changed, or none (KIP-1022).
fn all_or_none(
    version: i16,
    updates: &[&FeatureUpdateKey],
    judged: &[Result<Record, String>],
) -> UpdateFeaturesResponse {
    if let Some(Err(reason)) = judged.iter().find(|outcome| outcome.is_err()) {
        let text = format!("The update failed for all features: {reason}");
        return UpdateFeaturesResponse::default()
            .with_error_code(ErrorCode::INVALID_UPDATE_VERSION.0)
            .with_error_message(Some(StrBytes::from_string(text)));
    }
    let named = updates.iter().filter(|_| version <= LAST_WITH_RESULTS);
    let result = |update: &&FeatureUpdateKey| {
        UpdatableFeatureResult::default()
            .with_feature(update.feature.clone())
            .with_error_message(Some(StrBytes::from_static_str("NONE")))
    };
    UpdateFeaturesResponse::default()
        .with_error_message(None)
        .with_results(named.map(result).collect())
}
