//! Writes plain structs for the records of internal topics.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use milena_protocol::schema::Versions;
use serde_json::Value;

use super::Files;
use super::SchemaError;
use super::model::{Coordinator, Field, Kind, Message, RecordType, Role, Struct};
use super::names::screaming;
use super::tables::head;

/// Writes the files of structs, one for each coordinator.
pub(super) fn emit(messages: &[Message]) -> Result<Files, SchemaError> {
    let mut files = Files::new();
    for (coordinator, path, what) in [
        (
            Coordinator::Group,
            "internal/generated/group.rs",
            "Keys and values of `__consumer_offsets`.",
        ),
        (
            Coordinator::Transaction,
            "internal/generated/transaction.rs",
            "Keys and values of `__transaction_state`.",
        ),
    ] {
        let records: Vec<(RecordType, &Message)> = messages
            .iter()
            .filter_map(|message| match message.role {
                Role::Key(record) | Role::Value(record) => Some((record, message)),
                _ => None,
            })
            .filter(|(record, _)| record.coordinator == coordinator)
            .collect();
        files.insert(path, file(what, coordinator, &records)?);
    }
    Ok(files)
}

fn file(
    what: &str,
    coordinator: Coordinator,
    records: &[(RecordType, &Message)],
) -> Result<String, SchemaError> {
    let mut writer = StructWriter { names: names(records), written: BTreeMap::new() };
    let mut body = String::new();
    for (_, message) in records {
        let meaning = |reason| SchemaError::Meaning { name: message.name.clone(), reason };
        let top = Struct { name: message.name.clone(), fields: message.fields.clone() };
        writer.write(&mut body, &top, message).map_err(meaning)?;
        writeln!(body, "\nbelongs_to!({}, {});", message.name, screaming(&message.name))
            .expect(TAKES_ALL);
    }
    let mut text = head(what);
    text.push_str(
        "#![expect(\n    clippy::field_reassign_with_default,\n    reason = \"a field that is absent \
         keeps its default\"\n)]\n\n",
    );
    text.push_str("use crate::internal::value::{Misfit, Reader, Value, Writer};\n");
    text.push_str("use crate::internal::{UnknownTaggedFields, belongs_to, internal_records};\n");
    let plain: Vec<&str> = [("StrBytes", "StrBytes"), ("Uuid", "Uuid"), ("Bytes", " Bytes")]
        .into_iter()
        .filter(|(_, sign)| body.contains(sign))
        .map(|(name, _)| name)
        .collect();
    for name in plain {
        text.push_str(match name {
            "StrBytes" => "use crate::StrBytes;\n",
            "Uuid" => "use uuid::Uuid;\n",
            _ => "use bytes::Bytes;\n",
        });
    }
    text.push_str(&index(coordinator, records));
    text.push_str(&body);
    Ok(text)
}

const TAKES_ALL: &str = "a string takes all that is written";

/// The enums of keys and values by record type.
fn index(coordinator: Coordinator, records: &[(RecordType, &Message)]) -> String {
    let (key, value) = match coordinator {
        Coordinator::Group => ("GroupKey", "GroupValue"),
        Coordinator::Transaction => ("TransactionKey", "TransactionValue"),
    };
    let mut keys: Vec<_> =
        records.iter().filter(|(_, message)| message.name.ends_with("Key")).collect();
    keys.sort_by_key(|(record, _)| record.number);
    let mut text = format!("\ninternal_records! {{\n    {key} {value}:\n");
    for (record, message) in keys {
        let stem = message.name.trim_end_matches("Key");
        writeln!(text, "    {} {stem} {stem}Key {stem}Value,", record.number).expect(TAKES_ALL);
    }
    text.push_str("}\n");
    text
}

/// Names of structs inside of messages: their own, and that of the message before it where
/// several have the same name and are not the same.
fn names(records: &[(RecordType, &Message)]) -> BTreeMap<(String, String), String> {
    let mut forms: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut all = Vec::new();
    for (_, message) in records {
        collect(&message.fields, &message.name, &mut all);
    }
    for (_, inner) in &all {
        let forms = forms.entry(inner.name.clone()).or_default();
        let form = form_of(inner);
        if !forms.contains(&form) {
            forms.push(form);
        }
    }
    all.iter()
        .map(|(message, inner)| {
            let stem = message.trim_end_matches("Value").trim_end_matches("Key");
            let name = match forms[&inner.name].len() {
                1 => inner.name.clone(),
                _ => format!("{stem}{}", inner.name),
            };
            ((message.clone(), inner.name.clone()), name)
        })
        .collect()
}

fn collect(fields: &[Field], message: &str, all: &mut Vec<(String, Struct)>) {
    for field in fields {
        if let Some(inner) = struct_of(&field.kind) {
            all.push((message.to_owned(), inner.clone()));
            collect(&inner.fields, message, all);
        }
    }
}

fn struct_of(kind: &Kind) -> Option<&Struct> {
    match kind {
        Kind::Struct(inner) => Some(inner),
        Kind::Array(element) => struct_of(element),
        Kind::Plain(_) => None,
    }
}

/// Equal for structs that are the same.
fn form_of(inner: &Struct) -> String {
    format!("{:?}", inner.fields)
}

struct StructWriter {
    names: BTreeMap<(String, String), String>,
    written: BTreeMap<String, String>,
}

impl StructWriter {
    fn write(&mut self, text: &mut String, this: &Struct, message: &Message) -> Result<(), String> {
        let name = self.name_of(this, message);
        if self.written.insert(name.clone(), form_of(this)).is_some() {
            return Ok(());
        }
        self.declare(text, &name, this, message)?;
        defaults(text, &name, &this.fields)?;
        codec(text, &name, &this.fields, message)?;
        for field in &this.fields {
            if let Some(inner) = struct_of(&field.kind) {
                self.write(text, inner, message)?;
            }
        }
        Ok(())
    }

    fn name_of(&self, this: &Struct, message: &Message) -> String {
        self.names.get(&(message.name.clone(), this.name.clone())).unwrap_or(&this.name).clone()
    }

    fn declare(
        &self,
        text: &mut String,
        name: &str,
        this: &Struct,
        message: &Message,
    ) -> Result<(), String> {
        let derived = if has_own_defaults(&this.fields) { "" } else { "Default, " };
        let what = if this.name == message.name {
            format!("`{name}`, {}.", in_words(message.versions))
        } else {
            format!("`{}` in `{}`.", this.name, message.name)
        };
        write!(
            text,
            "\n/// {what}\n#[derive(Clone, Debug, {derived}PartialEq)]\npub struct {name} {{\n"
        )
        .expect(TAKES_ALL);
        for field in &this.fields {
            let kind = self.rust_type(&field.kind, message);
            let kind =
                if field.nullable == Versions::NONE { kind } else { format!("Option<{kind}>") };
            let since = if covers(field.versions, message.versions) {
                format!("`{}`.", field.name)
            } else if field.versions.max == i16::MAX {
                format!("`{}`, from version {} on.", field.name, field.versions.min)
            } else {
                format!("`{}`, in {}.", field.name, in_words(field.versions))
            };
            write!(text, "    /// {since}\n    pub {}: {kind},\n", field.name).expect(TAKES_ALL);
        }
        if message.flexible != Versions::NONE {
            text.push_str(
                "    /// Tagged fields that are not known.\n    pub unknown_tagged_fields: \
                 UnknownTaggedFields,\n",
            );
        }
        text.push_str("}\n");
        Ok(())
    }

    fn rust_type(&self, kind: &Kind, message: &Message) -> String {
        match kind {
            Kind::Plain(plain) => match *plain {
                "Bool" => "bool",
                "Int8" => "i8",
                "Int16" => "i16",
                "Uint16" => "u16",
                "Int32" => "i32",
                "Uint32" => "u32",
                "Int64" => "i64",
                "Float64" => "f64",
                "Uuid" => "Uuid",
                "String" => "StrBytes",
                _ => "Bytes",
            }
            .to_owned(),
            Kind::Array(element) => format!("Vec<{}>", self.rust_type(element, message)),
            Kind::Struct(inner) => self.name_of(inner, message),
        }
    }
}

fn has_own_defaults(fields: &[Field]) -> bool {
    fields.iter().any(|field| default_of(field).is_ok_and(|default| default.is_some()))
}

/// The default of a field if it is not the one of its type.
fn default_of(field: &Field) -> Result<Option<String>, String> {
    match (&field.default, &field.kind) {
        // Only the string "null" makes null the default of a struct. It matters where the default
        // is not written: `ConsumerGroupMemberMetadataValue` says null without quotes.
        (None | Some(Value::Null), Kind::Struct(_))
            if field.tagged.is_some() && field.nullable != Versions::NONE =>
        {
            Ok(Some("Some(Default::default())".to_owned()))
        }
        (None, _) => Ok(None),
        (Some(Value::Null), _) => Ok(None),
        (Some(Value::String(text)), _) if text == "null" => Ok(None),
        (Some(Value::Number(number)), Kind::Plain(kind)) if kind.starts_with("Int") => {
            Ok(Some(number.to_string()).filter(|number| number != "0"))
        }
        (Some(other), _) => Err(format!("default {other} of {} is not known", field.name)),
    }
}

fn defaults(text: &mut String, name: &str, fields: &[Field]) -> Result<(), String> {
    if !has_own_defaults(fields) {
        return Ok(());
    }
    write!(text, "\nimpl Default for {name} {{\n    fn default() -> Self {{\n        Self {{\n")
        .expect(TAKES_ALL);
    for field in fields {
        let default = default_of(field)?.unwrap_or_else(|| "Default::default()".to_owned());
        writeln!(text, "            {}: {default},", field.name).expect(TAKES_ALL);
    }
    text.push_str("            unknown_tagged_fields: Default::default(),\n        }\n    }\n}\n");
    Ok(())
}

/// The condition that a field has a value of its own, not its default.
fn is_set(field: &Field) -> Result<String, String> {
    let place = format!("self.{}", field.name);
    Ok(match (&field.kind, default_of(field)?) {
        (_, Some(default)) => format!("{place} != {default}"),
        _ if field.nullable != Versions::NONE => format!("{place}.is_some()"),
        (Kind::Plain("Uuid"), None) => format!("!{place}.is_nil()"),
        (Kind::Plain("Bool"), None) => place,
        (Kind::Plain("String" | "Bytes") | Kind::Array(_), None) => format!("!{place}.is_empty()"),
        (Kind::Plain(_), None) => format!("{place} != 0"),
        (Kind::Struct(_), None) => format!("{place} != Default::default()"),
    })
}

fn codec(text: &mut String, name: &str, fields: &[Field], message: &Message) -> Result<(), String> {
    let flexible = message.flexible != Versions::NONE;
    let in_line = |field: &&Field| field.tagged.is_none();
    let mut read = String::new();
    let mut write = String::new();
    for field in fields.iter().filter(in_line) {
        if field.nullable != Versions::NONE && !covers(field.nullable, field.versions) {
            return Err(format!("{} may be null in some of its versions only", field.name));
        }
        let (get, put) = accessors(field);
        let Field { name, .. } = field;
        let Some(condition) = condition(field.versions, message.versions) else {
            writeln!(read, "        this.{name} = from.{get}()?;").expect(TAKES_ALL);
            writeln!(write, "        to.{put}(&self.{name})?;").expect(TAKES_ALL);
            continue;
        };
        writeln!(
            read,
            "        if {} {{\n            this.{name} = from.{get}()?;\n        }}",
            condition.replace("VERSION", "from.version()"),
        )
        .expect(TAKES_ALL);
        writeln!(
            write,
            "        if {} {{\n            to.{put}(&self.{name})?;\n        }}{}",
            condition.replace("VERSION", "to.version()"),
            otherwise(field)?,
        )
        .expect(TAKES_ALL);
    }
    if flexible {
        tags(&mut read, &mut write, fields, message)?;
    }
    let made = if read.is_empty() { "let this" } else { "let mut this" };
    write!(
        text,
        "\nimpl Value for {name} {{\n    fn read(from: &mut Reader) -> Result<Self, Misfit> {{\n        \
         {made} = Self::default();\n{read}        Ok(this)\n    }}\n\n    fn write(&self, to: &mut \
         Writer) -> Result<(), Misfit> {{\n{write}        Ok(())\n    }}\n}}\n"
    )
    .expect(TAKES_ALL);
    Ok(())
}

/// How a field is read and written.
fn accessors(field: &Field) -> (&'static str, &'static str) {
    if field.nullable != Versions::NONE && matches!(field.kind, Kind::Struct(_)) {
        ("optional", "put_optional")
    } else {
        ("get", "put")
    }
}

/// What happens to a value in a version without its field: Kafka drops it if the field is
/// ignorable, and refuses to write it otherwise.
fn otherwise(field: &Field) -> Result<String, String> {
    if field.ignorable {
        return Ok(String::new());
    }
    Ok(format!(
        " else if {} {{\n            return Err(to.absent(\"{}\"));\n        }}",
        is_set(field)?,
        field.name,
    ))
}

fn tags(
    read: &mut String,
    write: &mut String,
    fields: &[Field],
    message: &Message,
) -> Result<(), String> {
    read.push_str(
        "        for _ in 0..from.tags()? {\n            let (tag, size) = from.tag()?;\n",
    );
    let tagged: Vec<(&Field, u32, Versions)> = fields
        .iter()
        .filter_map(|field| field.tagged.map(|(number, versions)| (field, number, versions)))
        .collect();
    let unknown = "this.unknown_tagged_fields.insert(tag, from.raw(size)?);";
    if tagged.is_empty() {
        writeln!(read, "            {unknown}").expect(TAKES_ALL);
        writeln!(write, "        to.put_tags([], &self.unknown_tagged_fields)?;").expect(TAKES_ALL);
    } else {
        read.push_str("            match tag {\n");
        write.push_str("        let mut tags = Vec::new();\n");
        for (field, number, versions) in tagged {
            if !covers(versions, field.versions) || !covers(versions, message.flexible) {
                return Err(format!("{} is tagged in some versions only", field.name));
            }
            let (get, put) = match accessors(field) {
                // The marker is another one there.
                ("optional", _) => ("tagged_optional", "put_tagged_optional"),
                in_line => in_line,
            };
            let name = &field.name;
            writeln!(read, "                {number} => this.{name} = from.{get}()?,")
                .expect(TAKES_ALL);
            let absent = if field.ignorable {
                String::new()
            } else {
                format!(
                    "            if !to.is_flexible() {{\n                return \
                     Err(to.absent(\"{name}\"));\n            }}\n"
                )
            };
            writeln!(
                write,
                "        if {} {{\n{absent}            tags.push(({number}, \
                 to.aside(|to| to.{put}(&self.{name}))?));\n        }}",
                is_set(field)?,
            )
            .expect(TAKES_ALL);
        }
        write!(
            read,
            "                _ => {{\n                    {unknown}\n                }}\n            }}\n"
        )
        .expect(TAKES_ALL);
        writeln!(write, "        to.put_tags(tags, &self.unknown_tagged_fields)?;")
            .expect(TAKES_ALL);
    }
    read.push_str("        }\n");
    Ok(())
}

/// Under which condition a field is written; `None` if it always is.
fn condition(field: Versions, message: Versions) -> Option<String> {
    if covers(field, message) {
        return None;
    }
    let Versions { min, max } = field;
    Some(if min == max {
        format!("VERSION == {min}")
    } else if max >= message.max {
        format!("VERSION >= {min}")
    } else if min <= message.min {
        format!("VERSION <= {max}")
    } else {
        format!("({min}..={max}).contains(&VERSION)")
    })
}

fn in_words(versions: Versions) -> String {
    match versions {
        Versions { min, max } if min == max => format!("version {min}"),
        Versions { min, max } => format!("versions {min} to {max}"),
    }
}

fn covers(outer: Versions, inner: Versions) -> bool {
    outer.min <= inner.min && inner.max <= outer.max
}
