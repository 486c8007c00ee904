//! ApiVersions, versions 0 to 4: which APIs this broker serves, in which versions (KIP-35,
//! KIP-511, KIP-584).
//!
//! A version that is not known is answered with UNSUPPORTED_VERSION in the body of version 0,
//! which names the versions of ApiVersions itself. An illegal client name or version of the
//! software is refused with INVALID_REQUEST.

use milena_protocol::messages::api_versions_response::{
    ApiVersion, FinalizedFeatureKey, SupportedFeatureKey,
};
use milena_protocol::messages::{ApiKey, ApiVersionsResponse, RequestKind, ResponseKind};
use milena_protocol::{ErrorCode, StrBytes};

use super::{APIS, body};
use crate::broker::{Answer, Asked, Process};
use crate::context::Context;
use crate::metadata::Image;
use crate::release::{Feature, Release};

/// The first version that names the client's software (KIP-511), and whose answer names features.
const FIRST_WITH_SOFTWARE: i16 = 3;

/// The first version that may name features whose lowest level is 0: older clients do not take them
/// (`ApiVersionsResponse.maybeFilterSupportedFeatureKeys`).
const FIRST_WITH_LEVEL_ZERO: i16 = 4;

pub(super) fn handle(
    process: &mut Process,
    ctx: &mut Context<'_>,
    asked: &Asked,
    body: RequestKind,
) -> Answer {
    let request = body!(asked, body, ApiVersions);
    let named = is_software_name(&request.client_software_name)
        && is_software_name(&request.client_software_version);
    if asked.version >= FIRST_WITH_SOFTWARE && !named {
        let code = ErrorCode::INVALID_REQUEST.0;
        return ResponseKind::ApiVersions(ApiVersionsResponse::default().with_error_code(code))
            .into();
    }
    let release = ctx.config.release;
    let keys = APIS.iter().filter_map(|api| range(api, release)).collect();
    let mut response = ApiVersionsResponse::default().with_api_keys(keys);
    if asked.version >= FIRST_WITH_SOFTWARE {
        response = response
            .with_supported_features(supported(release, asked.version))
            .with_finalized_features_epoch(last_record(&process.image))
            .with_finalized_features(finalized(&process.image));
    }
    ResponseKind::ApiVersions(response).into()
}

/// The answer to a version this broker does not know.
pub(super) fn unsupported(release: Release) -> Answer {
    let own = APIS.iter().filter(|api| api.key == ApiKey::ApiVersions);
    let own = own.filter_map(|api| range(api, release)).collect();
    let response = ApiVersionsResponse::default()
        .with_error_code(ErrorCode::UNSUPPORTED_VERSION.0)
        .with_api_keys(own);
    ResponseKind::ApiVersions(response).into()
}

fn range(api: &super::Api, release: Release) -> Option<ApiVersion> {
    let (min, max) = api.advertised(release)?;
    let range = ApiVersion::default().with_api_key(api.key as i16);
    Some(range.with_min_version(min).with_max_version(max))
}

fn supported(release: Release, version: i16) -> Vec<SupportedFeatureKey> {
    let told = release
        .features()
        .iter()
        .filter(|feature| feature.supported.0 > 0 || version >= FIRST_WITH_LEVEL_ZERO);
    let key = |feature: &Feature| {
        SupportedFeatureKey::default()
            .with_name(StrBytes::from_static_str(feature.name))
            .with_min_version(feature.supported.0)
            .with_max_version(feature.supported.1)
    };
    told.map(key).collect()
}

fn finalized(image: &Image) -> Vec<FinalizedFeatureKey> {
    let key = |(name, level): (&String, &i16)| {
        FinalizedFeatureKey::default()
            .with_name(StrBytes::from_string(name.clone()))
            .with_min_version_level(*level)
            .with_max_version_level(*level)
    };
    image.features.iter().map(key).collect()
}

/// The offset of the last record the image holds: how new the levels are.
fn last_record(image: &Image) -> i64 {
    i64::try_from(image.offset).unwrap_or(i64::MAX) - 1
}

/// `ApiVersionsRequest.SOFTWARE_NAME_VERSION_PATTERN`: letters, digits, dots and dashes, the first
/// and the last a letter or digit.
fn is_software_name(text: &str) -> bool {
    let ends = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let bytes = text.as_bytes();
    ends(bytes.first())
        && ends(bytes.last())
        && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.'))
}

// Not modelled: `zk_migration_ready`, which no cluster without ZooKeeper sets.
