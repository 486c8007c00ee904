//! Responses whose API is only known when the program runs.

use bytes::Bytes;

use super::{DecodeError, api_versions_response, response};
use crate::messages::{self, ApiKey, ResponseKind};

macro_rules! response_kind {
    ($($api:ident $request:ident,)*) => {
        /// Decodes the body of a response of any API, for proxies and for those who look into a
        /// capture. An answer to ApiVersions may be of version 0, see [`api_versions_response`].
        ///
        /// # Errors
        /// If it is malformed, or followed by bytes that do not belong to it.
        pub fn response_kind(
            key: ApiKey,
            version: i16,
            body: Bytes,
        ) -> Result<ResponseKind, DecodeError> {
            if key == ApiKey::ApiVersions {
                return api_versions_response(version, body).map(ResponseKind::ApiVersions);
            }
            match key {
                $(ApiKey::$api => {
                    response::<messages::$request>(version, body).map(ResponseKind::$api)
                })*
            }
        }
    };
}

for_each_api!(response_kind);
