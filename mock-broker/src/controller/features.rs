//! Features of the whole cluster (KIP-584, KIP-1022, `FeatureControlManager`): which level may
//! follow which.
//!
//! An update is carried out whole or not at all; the first feature that cannot be changed is told.

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
        let mut records = Vec::new();
        for update in &updates {
            match self.update_feature(ctx.config.release, version, update) {
                Ok(record) => records.push(record),
                Err(reason) => return refused(&reason),
            }
        }
        if !request.validate_only {
            self.commit(ctx, records);
            // What ELR needs, if it was off until now.
            let safety = self.elr_safety_records();
            self.commit(ctx, safety);
        }
        let results = updates.iter().filter(|_| version <= LAST_WITH_RESULTS);
        let result = |update: &&FeatureUpdateKey| {
            UpdatableFeatureResult::default()
                .with_feature(update.feature.clone())
                .with_error_message(Some(StrBytes::from_static_str("NONE")))
        };
        UpdateFeaturesResponse::default()
            .with_error_message(None)
            .with_results(results.map(result).collect())
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
        let Some(feature) = release.feature(name) else {
            return invalid("No node supports this feature.");
        };
        let (min, max) = feature.supported;
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

fn refused(reason: &str) -> UpdateFeaturesResponse {
    let text = format!("The update failed for all features: {reason}");
    UpdateFeaturesResponse::default()
        .with_error_code(ErrorCode::INVALID_UPDATE_VERSION.0)
        .with_error_message(Some(StrBytes::from_string(text)))
}
