//! ApiVersions, versions 0 to 4: which APIs this broker serves, in which versions (KIP-35,
//! KIP-511, KIP-584).
//!
//! A version that is not known is answered with UNSUPPORTED_VERSION in the body of version 0,
//! which names the versions of ApiVersions itself. An illegal client name or version of the
//! software is refused with INVALID_REQUEST.

use milena_protocol::ErrorCode;
use milena_protocol::messages::api_versions_response::ApiVersion;
use milena_protocol::messages::{ApiKey, ApiVersionsResponse, RequestKind, ResponseKind};

use super::{APIS, body};
use crate::broker::{Answer, Asked, Process};
use crate::context::Context;

/// The first version that names the client's software.
const FIRST_WITH_SOFTWARE: i16 = 3;

pub(super) fn handle(
    _process: &mut Process,
    _ctx: &mut Context<'_>,
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
    let response = ApiVersionsResponse::default().with_api_keys(APIS.iter().map(range).collect());
    ResponseKind::ApiVersions(response).into()
}

/// The answer to a version this broker does not know.
pub(super) fn unsupported() -> Answer {
    let own = APIS.iter().filter(|api| api.key == ApiKey::ApiVersions).map(range).collect();
    let response = ApiVersionsResponse::default()
        .with_error_code(ErrorCode::UNSUPPORTED_VERSION.0)
        .with_api_keys(own);
    ResponseKind::ApiVersions(response).into()
}

fn range(api: &super::Api) -> ApiVersion {
    ApiVersion::default()
        .with_api_key(api.key as i16)
        .with_min_version(api.advertised.0)
        .with_max_version(api.advertised.1)
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

// Not modelled: supported and finalized features (KIP-584), the epoch of the finalized ones, and
// `zk_migration_ready`.
