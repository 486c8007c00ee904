//! Writes how large kafka-protocol's structs are, for the test of what the guard estimates.

use std::fmt::Write as _;

use super::Files;
use super::model::{Field, Kind, Message, Role};
use super::names::snake;
use super::tables::head;

/// Writes the list: message, path of the array, size of its elements.
pub(super) fn emit(messages: &[Message]) -> Files {
    let mut text = head("How large the elements of arrays are in kafka-protocol.");
    text.push_str(
        "use crate::messages;\n\n#[rustfmt::skip]\npub(crate) static SIZES: &[(&str, &str, usize)] \
         = &[\n",
    );
    for message in messages {
        if matches!(message.role, Role::Request(_) | Role::Response(_) | Role::Data) {
            write_fields(&mut text, message, &message.fields, "");
        }
    }
    text.push_str("];\n");
    Files::from([("schema/generated/sizes.rs", text)])
}

fn write_fields(text: &mut String, message: &Message, fields: &[Field], path: &str) {
    for field in fields {
        let path = format!("{path}{}", field.name);
        let inner = match &field.kind {
            Kind::Plain(_) => continue,
            Kind::Struct(inner) => inner,
            Kind::Array(element) => match &**element {
                Kind::Struct(inner) => inner,
                Kind::Plain(_) | Kind::Array(_) => continue,
            },
        };
        writeln!(
            text,
            "    (\"{}\", \"{path}\", size_of::<messages::{}::{}>()),",
            message.name,
            snake(&message.name),
            inner.name,
        )
        .expect("a string takes all that is written");
        write_fields(text, message, &inner.fields, &format!("{path}."));
    }
}
