use std::collections::BTreeSet;

use super::{Field, Kind, MessageSchema, Versions, all, request, response};
use crate::messages::ApiKey;
use crate::version::{spoken_response_versions, spoken_versions};

fn every_api() -> impl Iterator<Item = ApiKey> {
    (0..=i16::MAX).filter_map(|key| ApiKey::try_from(key).ok())
}

/// Calls `visit` with every list of fields in a message.
fn structs_of(schema: &MessageSchema, visit: &mut dyn FnMut(&'static [Field])) {
    fn descend(fields: &'static [Field], visit: &mut dyn FnMut(&'static [Field])) {
        visit(fields);
        for field in fields {
            let mut kind = &field.kind;
            while let Kind::Array(element) = kind {
                kind = element;
            }
            if let Kind::Struct(fields) = kind {
                descend(fields, visit);
            }
        }
    }
    descend(schema.fields, visit);
}

#[test]
fn the_tables_are_for_exactly_the_versions_that_the_codec_speaks() {
    for key in every_api() {
        for (schema, spoken) in
            [(request(key), spoken_versions(key)), (response(key), spoken_response_versions(key))]
        {
            let expected = Versions::new(*spoken.start(), *spoken.end());
            assert_eq!(schema.versions, expected, "{}", schema.name);
        }
        assert_eq!(request(key).name, format!("{key:?}Request"));
        assert_eq!(response(key).name, format!("{key:?}Response"));
    }
}

#[test]
fn a_message_is_flexible_where_its_header_is() {
    for key in every_api() {
        for version in spoken_versions(key) {
            let flexible = request(key).flexible.contains(version);
            assert_eq!(flexible, key.request_header_version(version) >= 2, "{key:?} v{version}");
            // The response to ApiVersions has the old header so that old clients can read it.
            if key != ApiKey::ApiVersions {
                let flexible = response(key).flexible.contains(version);
                assert_eq!(flexible, key.response_header_version(version) >= 1, "{key:?}");
            }
        }
    }
}

#[test]
fn every_message_is_listed_once() {
    let names: BTreeSet<&str> = all().iter().map(|schema| schema.name).collect();
    assert_eq!(names.len(), all().len());
    assert!(names.contains("RequestHeader") && names.contains("TransactionLogValue"));
}

#[test]
fn fields_are_tagged_in_flexible_versions_only_and_each_with_its_own_tag() {
    for schema in all() {
        structs_of(schema, &mut |fields| {
            for version in schema.versions.min..=schema.versions.max {
                let tags: Vec<u32> = fields
                    .iter()
                    .filter(|field| field.versions.contains(version))
                    .filter_map(|field| field.tagged)
                    .filter(|tag| tag.versions.contains(version))
                    .map(|tag| tag.number)
                    .collect();
                let distinct: BTreeSet<u32> = tags.iter().copied().collect();
                assert_eq!(distinct.len(), tags.len(), "{} v{version}", schema.name);
                assert!(tags.is_empty() || schema.flexible.contains(version), "{}", schema.name);
            }
        });
    }
}
