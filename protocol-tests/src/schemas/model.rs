//! The schemas with their names resolved and their versions parsed.

use milena_protocol::messages::ApiKey;
use milena_protocol::schema::Versions;
use milena_protocol::version::{spoken_response_versions, spoken_versions};
use milena_protocol::{Message as _, messages};
use serde_json::Value;

use super::json::{CommonStruct, Schema, SchemaField, SchemaKind};
use super::names::snake;
use super::{SchemaError, Unspoken};

/// A message that is decoded here.
#[derive(Clone, Debug)]
pub(super) struct Message {
    pub(super) name: String,
    pub(super) role: Role,
    /// The versions decoded.
    pub(super) versions: Versions,
    pub(super) flexible: Versions,
    pub(super) fields: Vec<Field>,
}

/// What a message is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Request(ApiKey),
    Response(ApiKey),
    /// Headers, and messages inside of messages and records.
    Data,
    /// The key of a record in an internal topic.
    Key(RecordType),
    /// The value of a record in an internal topic.
    Value(RecordType),
}

/// A kind of record in an internal topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RecordType {
    pub(super) coordinator: Coordinator,
    pub(super) number: i16,
}

/// Who writes an internal topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coordinator {
    Group,
    Transaction,
}

/// A field of a message or struct.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) versions: Versions,
    pub(super) nullable: Versions,
    pub(super) tagged: Option<(u32, Versions)>,
    pub(super) kind: Kind,
    pub(super) default: Option<Value>,
    pub(super) ignorable: bool,
}

/// What a field holds.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    /// A kind without anything inside, by the name of its `schema::Kind`.
    Plain(&'static str),
    Struct(Struct),
    Array(Box<Kind>),
}

/// Fields under a name.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Struct {
    pub(super) name: String,
    pub(super) fields: Vec<Field>,
}

/// The message of a schema, unless it is one that this crate has no codec for.
pub(super) fn resolve(schema: &Schema) -> Result<Option<Message>, SchemaError> {
    let meaning = |reason: String| SchemaError::Meaning { name: schema.name.clone(), reason };
    let valid = versions(&schema.valid_versions).map_err(meaning)?;
    if valid == Versions::NONE {
        return Ok(None);
    }
    let Some((role, spoken)) = role(schema, valid).map_err(meaning)? else { return Ok(None) };
    let Some(flexible) = &schema.flexible_versions else {
        return Err(meaning("no flexible versions are given".to_owned()));
    };
    let resolver = Resolver { valid, common: &schema.common_structs };
    Ok(Some(Message {
        name: schema.name.clone(),
        role,
        versions: overlap(valid, spoken),
        flexible: versions(flexible).map_err(meaning)?,
        fields: resolver.fields(&schema.fields).map_err(meaning)?,
    }))
}

/// What Kafka knows of a request and this crate does not.
pub(super) fn unspoken(schema: &Schema) -> Result<Option<Unspoken>, SchemaError> {
    let meaning = |reason: String| SchemaError::Meaning { name: schema.name.clone(), reason };
    let valid = versions(&schema.valid_versions).map_err(meaning)?;
    if schema.kind != SchemaKind::Request || valid == Versions::NONE {
        return Ok(None);
    }
    let spoken = role(schema, valid).map_err(meaning)?.map_or(Versions::NONE, |(_, spoken)| spoken);
    let first = match spoken {
        Versions::NONE => valid.min,
        spoken if spoken.min > valid.min => {
            return Err(meaning(format!("versions below {} are not spoken", spoken.min)));
        }
        spoken => spoken.max + 1,
    };
    if first > valid.max {
        return Ok(None);
    }
    Ok(Some(Unspoken {
        name: schema.name.clone(),
        first,
        last: valid.max,
        unstable: schema.latest_version_unstable,
    }))
}

/// What the message is for, and the versions that its codec speaks.
fn role(schema: &Schema, valid: Versions) -> Result<Option<(Role, Versions)>, String> {
    let number = || schema.api_key.ok_or_else(|| "no key is given".to_owned());
    // The two coordinators number their records each from 0.
    let coordinator = if schema.name.starts_with("Transaction") {
        Coordinator::Transaction
    } else {
        Coordinator::Group
    };
    let record = || number().map(|number| RecordType { coordinator, number });
    Ok(match schema.kind {
        SchemaKind::Request => ApiKey::try_from(number()?).ok().map(|key| {
            let spoken = spoken_versions(key);
            (Role::Request(key), Versions::new(*spoken.start(), *spoken.end()))
        }),
        SchemaKind::Response => ApiKey::try_from(number()?).ok().map(|key| {
            let spoken = spoken_response_versions(key);
            (Role::Response(key), Versions::new(*spoken.start(), *spoken.end()))
        }),
        SchemaKind::Header | SchemaKind::Data => {
            spoken_data_versions(&schema.name).map(|spoken| (Role::Data, spoken))
        }
        SchemaKind::CoordinatorKey => Some((Role::Key(record()?), valid)),
        SchemaKind::CoordinatorValue => Some((Role::Value(record()?), valid)),
    })
}

/// The versions kafka-protocol has of a message that is neither request nor response.
fn spoken_data_versions(name: &str) -> Option<Versions> {
    macro_rules! of {
        ($($message:ident)*) => {
            match name {
                $(stringify!($message) => messages::$message::VERSIONS,)*
                _ => return None,
            }
        };
    }
    let range = of!(
        RequestHeader ResponseHeader ConsumerProtocolAssignment ConsumerProtocolSubscription
        DefaultPrincipalData EndTxnMarker KRaftVersionRecord LeaderChangeMessage
        SnapshotFooterRecord SnapshotHeaderRecord VotersRecord
    );
    Some(Versions::new(range.min, range.max))
}

struct Resolver<'a> {
    /// Fields of versions outside of these are left out.
    valid: Versions,
    common: &'a [CommonStruct],
}

impl Resolver<'_> {
    fn fields(&self, fields: &[SchemaField]) -> Result<Vec<Field>, String> {
        let resolved: Result<Vec<_>, _> = fields.iter().map(|field| self.field(field)).collect();
        Ok(resolved?.into_iter().flatten().collect())
    }

    fn field(&self, field: &SchemaField) -> Result<Option<Field>, String> {
        let or_none = |text: &Option<String>| text.as_deref().map_or(Ok(Versions::NONE), versions);
        let tagged = or_none(&field.tagged_versions)?;
        // A field that gives no versions of its own has those in which it is tagged.
        let given = field.versions.as_deref().map_or(Ok(tagged), versions)?;
        if overlap(given, self.valid) == Versions::NONE {
            return Ok(None);
        }
        let tagged = match field.tag {
            Some(_) if overlap(tagged, self.valid) == Versions::NONE => None,
            Some(number) => Some((number, tagged)),
            None if tagged == Versions::NONE => None,
            None => return Err(format!("{} is tagged without a tag", field.name)),
        };
        let flexible = field.flexible_versions.as_deref();
        let kind = match (self.kind(&field.kind, &field.fields)?, flexible) {
            (kind, None) => kind,
            (Kind::Plain("String"), Some("none")) => Kind::Plain("ClassicString"),
            (_, Some(_)) => return Err(format!("{} is flexible on its own", field.name)),
        };
        Ok(Some(Field {
            name: snake(&field.name),
            versions: given,
            nullable: or_none(&field.nullable_versions)?,
            tagged,
            kind,
            default: field.default.clone(),
            ignorable: field.ignorable,
        }))
    }

    fn kind(&self, kind: &str, fields: &[SchemaField]) -> Result<Kind, String> {
        if let Some(element) = kind.strip_prefix("[]") {
            return Ok(Kind::Array(Box::new(self.kind(element, fields)?)));
        }
        Ok(Kind::Plain(match kind {
            "bool" => "Bool",
            "int8" => "Int8",
            "int16" => "Int16",
            "uint16" => "Uint16",
            "int32" => "Int32",
            "uint32" => "Uint32",
            "int64" => "Int64",
            "float64" => "Float64",
            "uuid" => "Uuid",
            "string" => "String",
            "bytes" => "Bytes",
            "records" => "Records",
            name if name.starts_with(|first: char| first.is_ascii_uppercase()) => {
                return self.structure(name, fields);
            }
            other => return Err(format!("type {other} is not known")),
        }))
    }

    fn structure(&self, name: &str, fields: &[SchemaField]) -> Result<Kind, String> {
        let common = || self.common.iter().find(|common| common.name == name);
        let fields = match (fields, common()) {
            ([], Some(common)) => &common.fields,
            ([], None) => return Err(format!("struct {name} is not described")),
            (fields, _) => fields,
        };
        Ok(Kind::Struct(Struct { name: name.to_owned(), fields: self.fields(fields)? }))
    }
}

/// `none`, `3`, `3-5` or `3+`.
fn versions(text: &str) -> Result<Versions, String> {
    let number = |text: &str| text.parse::<i16>().map_err(|_| format!("{text:?} is no version"));
    if text == "none" {
        return Ok(Versions::NONE);
    }
    if let Some(min) = text.strip_suffix('+') {
        return Ok(Versions::from(number(min)?));
    }
    match text.split_once('-') {
        Some((min, max)) => Ok(Versions::new(number(min)?, number(max)?)),
        None => Ok(Versions::new(number(text)?, number(text)?)),
    }
}

fn overlap(one: Versions, other: Versions) -> Versions {
    let both = Versions::new(one.min.max(other.min), one.max.min(other.max));
    if both.min <= both.max { both } else { Versions::NONE }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_write_versions_is_read() {
        assert_eq!(versions("none"), Ok(Versions::NONE));
        assert_eq!(versions("3"), Ok(Versions::new(3, 3)));
        assert_eq!(versions("3-12"), Ok(Versions::new(3, 12)));
        assert_eq!(versions("3+"), Ok(Versions::from(3)));
        assert!(versions("x").is_err());
    }
}
