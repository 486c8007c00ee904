//! Writes the tables.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use milena_protocol::schema::Versions;

use super::model::{Field, Kind, Message, Role};
use super::names::screaming;
use super::{Files, RELEASE};

/// The head of every generated file.
pub(super) fn head(what: &str) -> String {
    format!(
        "//! {what}\n//!\n//! Made by `cargo run -p milena-protocol-tests --bin schemas` from the \
         schemas in the jars of\n//! Apache Kafka {RELEASE}; not to be edited.\n\n"
    )
}

/// Writes all files of tables.
pub(super) fn emit(messages: &[Message]) -> Files {
    let shared = Shared::of(messages);
    let sorted = |keep: fn(Role) -> bool| -> Vec<&Message> {
        let mut kept: Vec<_> = messages.iter().filter(|message| keep(message.role)).collect();
        kept.sort_by_key(|message| order(message));
        kept
    };
    let requests = sorted(|role| matches!(role, Role::Request(_)));
    let responses = sorted(|role| matches!(role, Role::Response(_)));
    let data = sorted(|role| role == Role::Data);
    let records = sorted(|role| matches!(role, Role::Key(_) | Role::Value(_)));
    Files::from([
        ("schema/generated/mod.rs", index(&requests, &responses, &data, &records)),
        ("schema/generated/requests.rs", file("Requests.", "pub(super)", &requests, &shared)),
        ("schema/generated/responses.rs", file("Responses.", "pub(super)", &responses, &shared)),
        (
            "schema/generated/data.rs",
            file("Headers, and messages inside of messages and records.", "pub", &data, &shared),
        ),
        (
            "schema/generated/records.rs",
            file("Keys and values of records in internal topics.", "pub", &records, &shared),
        ),
        ("schema/generated/shared.rs", shared_file(&shared)),
    ])
}

/// Requests and responses by their key, others as their jars list them.
fn order(message: &Message) -> i16 {
    match message.role {
        Role::Request(key) | Role::Response(key) => key as i16,
        Role::Data | Role::Key(_) | Role::Value(_) => 0,
    }
}

/// Structs that occur more than once: their name by their fields.
struct Shared {
    names: BTreeMap<String, String>,
}

impl Shared {
    fn of(messages: &[Message]) -> Self {
        let mut seen: BTreeMap<String, (usize, String)> = BTreeMap::new();
        for message in messages {
            count(&message.fields, &mut seen);
        }
        let mut names = BTreeMap::new();
        let mut uses: BTreeMap<String, usize> = BTreeMap::new();
        for (fields, (occurrences, name)) in seen {
            if occurrences > 1 {
                let same_name = uses.entry(name.clone()).or_default();
                *same_name += 1;
                let suffix = if *same_name == 1 { String::new() } else { format!("_{same_name}") };
                names.insert(fields, format!("{}{suffix}", screaming(&name)));
            }
        }
        Self { names }
    }

    fn name(&self, fields: &[Field]) -> Option<&str> {
        self.names.get(&identity(fields)).map(String::as_str)
    }
}

/// Fields are the same table if they read the same, whatever their defaults.
fn identity(fields: &[Field]) -> String {
    let mut text = String::new();
    let nobody = Shared { names: BTreeMap::new() };
    write_fields(&mut text, fields, 0, &nobody);
    text
}

fn count(fields: &[Field], seen: &mut BTreeMap<String, (usize, String)>) {
    for field in fields {
        let mut kind = &field.kind;
        while let Kind::Array(element) = kind {
            kind = element;
        }
        if let Kind::Struct(inner) = kind {
            let entry = seen.entry(identity(&inner.fields)).or_insert((0, inner.name.clone()));
            entry.0 += 1;
            if entry.0 == 1 {
                count(&inner.fields, seen);
            }
        }
    }
}

fn file(what: &str, visibility: &str, messages: &[&Message], shared: &Shared) -> String {
    let mut body = String::new();
    for message in messages {
        let name = &message.name;
        write!(
            body,
            "\n/// `{name}`.\n#[rustfmt::skip]\n{visibility} static {}: MessageSchema = \
             MessageSchema::new(\n    \"{name}\", {}, {}, &[\n",
            screaming(name),
            versions_text(message.versions),
            versions_text(message.flexible),
        )
        .expect("a string takes all that is written");
        write_fields(&mut body, &message.fields, 2, shared);
        body.push_str("    ],\n);\n");
    }
    format!("{}{}{body}", head(what), uses(&body))
}

fn shared_file(shared: &Shared) -> String {
    let mut by_name: Vec<_> = shared.names.iter().map(|(fields, name)| (name, fields)).collect();
    by_name.sort();
    let mut body = String::new();
    for (name, fields) in by_name {
        let fields: String = fields.lines().map(|line| format!("    {line}\n")).collect();
        write!(body, "\n#[rustfmt::skip]\npub(super) static {name}: &[Field] = &[\n{fields}];\n")
            .expect("a string takes all that is written");
    }
    format!("{}{}{body}", head("Structs that occur in several places."), uses(&body))
}

/// The imports that a file needs.
fn uses(body: &str) -> String {
    let shared = if body.contains("shared::") { "use super::shared;\n" } else { "" };
    let names: Vec<&str> = [
        ("Field", "[Field]"),
        ("MessageSchema", "MessageSchema::"),
        ("Versions", "Versions::"),
        ("field", "field("),
        ("since", "since("),
        ("span", "span("),
    ]
    .into_iter()
    .filter(|(_, sign)| body.contains(sign))
    .map(|(name, _)| name)
    .collect();
    let names = names.join(", ");
    format!("{shared}use crate::schema::Kind::*;\nuse crate::schema::{{{names}}};\n")
}

fn write_fields(text: &mut String, fields: &[Field], depth: usize, shared: &Shared) {
    let indent = "    ".repeat(depth);
    for field in fields {
        let versions = versions_text(field.versions);
        write!(text, "{indent}field(\"{}\", {versions}, ", field.name)
            .expect("a string takes all that is written");
        write_kind(text, &field.kind, depth, shared);
        text.push(')');
        if field.nullable != Versions::NONE {
            write!(text, ".nullable({})", versions_text(field.nullable))
                .expect("a string takes all that is written");
        }
        if let Some((number, versions)) = field.tagged {
            write!(text, ".tagged({number}, {})", versions_text(versions))
                .expect("a string takes all that is written");
        }
        text.push_str(",\n");
    }
}

fn write_kind(text: &mut String, kind: &Kind, depth: usize, shared: &Shared) {
    match kind {
        Kind::Plain(name) => text.push_str(name),
        Kind::Array(element) => {
            text.push_str("Array(&");
            write_kind(text, element, depth, shared);
            text.push(')');
        }
        Kind::Struct(inner) => {
            if let Some(name) = shared.name(&inner.fields) {
                write!(text, "Struct(shared::{name})").expect("a string takes all that is written");
                return;
            }
            text.push_str("Struct(&[\n");
            write_fields(text, &inner.fields, depth + 1, shared);
            text.push_str(&"    ".repeat(depth));
            text.push_str("])");
        }
    }
}

fn versions_text(versions: Versions) -> String {
    match versions {
        Versions::NONE => "Versions::NONE".to_owned(),
        Versions { min, max: i16::MAX } => format!("since({min})"),
        Versions { min, max } => format!("span({min}, {max})"),
    }
}

/// The module that finds tables.
fn index(
    requests: &[&Message],
    responses: &[&Message],
    data: &[&Message],
    records: &[&Message],
) -> String {
    let mut text = head("The tables, and where to find them.");
    text.push_str(
        "pub(super) mod data;\npub(super) mod records;\nmod requests;\nmod responses;\nmod \
         shared;\n#[cfg(test)]\npub(crate) mod sizes;\n\nuse crate::messages::ApiKey;\nuse crate::schema::MessageSchema;\n",
    );
    for (function, module, messages) in
        [("request", "requests", requests), ("response", "responses", responses)]
    {
        write!(
            text,
            "\n/// The {function} of an API.\n#[rustfmt::skip]\npub fn {function}(key: ApiKey) -> \
             &'static MessageSchema {{\n    match key {{\n"
        )
        .expect("a string takes all that is written");
        for message in messages {
            if let Role::Request(key) | Role::Response(key) = message.role {
                let name = screaming(&message.name);
                writeln!(text, "        ApiKey::{key:?} => &{module}::{name},")
                    .expect("a string takes all that is written");
            }
        }
        text.push_str("    }\n}\n");
    }
    text.push_str("\n#[rustfmt::skip]\npub(super) static ALL: &[&MessageSchema] = &[\n");
    for (module, messages) in
        [("data", data), ("requests", requests), ("responses", responses), ("records", records)]
    {
        for message in messages {
            writeln!(text, "    &{module}::{},", screaming(&message.name))
                .expect("a string takes all that is written");
        }
    }
    text.push_str("];\n");
    text
}
