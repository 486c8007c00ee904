//! Reads the schemas of a jar: JSON with comments.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use super::SchemaError;

/// Where a jar keeps its schemas.
const FOLDER: &str = "common/message/";

/// A schema as it is written. Unknown properties are refused: one of them could change what is on
/// the wire.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Schema {
    #[serde(rename = "type")]
    pub(super) kind: SchemaKind,
    pub(super) name: String,
    pub(super) api_key: Option<i16>,
    pub(super) valid_versions: String,
    pub(super) flexible_versions: Option<String>,
    #[serde(default)]
    pub(super) fields: Vec<SchemaField>,
    #[serde(default)]
    pub(super) common_structs: Vec<CommonStruct>,
    #[serde(default)]
    pub(super) latest_version_unstable: bool,
    #[serde(rename = "listeners")]
    _listeners: Option<Value>,
}

/// What a schema describes.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub(super) enum SchemaKind {
    Request,
    Response,
    Header,
    Data,
    CoordinatorKey,
    CoordinatorValue,
}

/// A struct that several fields name.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct CommonStruct {
    pub(super) name: String,
    pub(super) fields: Vec<SchemaField>,
    #[serde(rename = "versions")]
    _versions: String,
}

/// A field as it is written.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct SchemaField {
    pub(super) name: String,
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) versions: Option<String>,
    pub(super) nullable_versions: Option<String>,
    pub(super) tagged_versions: Option<String>,
    pub(super) tag: Option<u32>,
    pub(super) flexible_versions: Option<String>,
    #[serde(default)]
    pub(super) default: Option<Value>,
    #[serde(default)]
    pub(super) fields: Vec<SchemaField>,
    #[serde(default)]
    pub(super) ignorable: bool,
    // What does not change the bytes.
    #[serde(rename = "about")]
    _about: Option<String>,
    #[serde(rename = "entityType")]
    _entity_type: Option<String>,
    #[serde(rename = "mapKey")]
    _map_key: Option<bool>,
    #[serde(rename = "zeroCopy")]
    _zero_copy: Option<bool>,
}

/// The schemas of a jar, ordered by the names of their files.
pub(super) fn read_jar(path: &Path) -> Result<Vec<Schema>, SchemaError> {
    let jar_error = |source| SchemaError::Jar { path: path.to_owned(), source };
    let io_error = |source| SchemaError::Io { path: path.to_owned(), source };
    let file = File::open(path).map_err(io_error)?;
    let mut jar = zip::ZipArchive::new(file).map_err(jar_error)?;
    let mut names = Vec::new();
    for name in jar.file_names() {
        let name = name.map_err(jar_error)?;
        if name.starts_with(FOLDER) && name.ends_with(".json") {
            names.push(name.into_owned());
        }
    }
    names.sort_unstable();
    let mut schemas = Vec::with_capacity(names.len());
    for name in names {
        let mut text = String::new();
        jar.by_name(&name).map_err(jar_error)?.read_to_string(&mut text).map_err(io_error)?;
        let schema = serde_json::from_str(&without_comments(&text))
            .map_err(|source| SchemaError::Json { file: name, source })?;
        schemas.push(schema);
    }
    Ok(schemas)
}

/// Blanks comments, which stand on lines of their own or after a value.
fn without_comments(text: &str) -> String {
    text.lines().map(|line| format!("{}\n", &line[..comment_start(line)])).collect()
}

/// Where the comment of a line starts: at the first `//` that is not inside a string.
fn comment_start(line: &str) -> usize {
    let mut in_string = false;
    let mut escaped = false;
    for (at, character) in line.char_indices() {
        match character {
            _ if escaped => escaped = false,
            '\\' if in_string => escaped = true,
            '"' => in_string = !in_string,
            '/' if !in_string && line[at..].starts_with("//") => return at,
            _ => {}
        }
    }
    line.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_are_left_out_and_slashes_in_strings_are_kept() {
        let text = "// licence\n{ // first\n  \"a\": \"http://x \\\" //\" // second\n}";
        assert_eq!(without_comments(text), "\n{ \n  \"a\": \"http://x \\\" //\" \n}\n");
    }

    #[test]
    fn a_property_that_is_not_known_is_refused() {
        let text = r#"{"type": "data", "name": "X", "validVersions": "0", "newThing": 1}"#;
        let error = serde_json::from_str::<Schema>(text).unwrap_err();
        assert!(error.to_string().contains("newThing"), "{error}");
    }
}
