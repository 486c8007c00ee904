//! DescribeClientQuotas, versions 0 and 1 (KIP-546): from this broker's image
//! (`ClientQuotasImage.describe`).

use std::collections::BTreeMap;

use milena_protocol::ErrorCode;
use milena_protocol::StrBytes;
use milena_protocol::messages::describe_client_quotas_response::{
    EntityData, EntryData, ValueData,
};
use milena_protocol::messages::{
    DescribeClientQuotasRequest, DescribeClientQuotasResponse, RequestKind, ResponseKind,
};

use super::body;
use crate::broker::{Answer, Asked, Process};
use crate::context::Context;
use crate::metadata::{QuotaEntity, Quotas};

/// `DescribeClientQuotasRequest`
const EXACT: i8 = 0;
const DEFAULT: i8 = 1;
const ANY: i8 = 2;

/// What a component of the filter asks of the name of its type.
enum Wanted {
    Named(String),
    Default,
    Any,
}

impl Wanted {
    fn fits(&self, name: &Option<String>) -> bool {
        match self {
            Self::Named(wanted) => name.as_ref() == Some(wanted),
            Self::Default => name.is_none(),
            Self::Any => true,
        }
    }
}

pub(super) fn handle(
    process: &mut Process,
    _ctx: &mut Context<'_>,
    asked: &Asked,
    body: RequestKind,
) -> Answer {
    let request = body!(asked, body, DescribeClientQuotas);
    let response = match filter(&request) {
        Ok(filter) => {
            let fits = |entity: &QuotaEntity| {
                let wanted = |(kind, wanted): (&String, &Wanted)| {
                    entity.get(kind).is_some_and(|name| wanted.fits(name))
                };
                filter.iter().all(wanted) && (!request.strict || entity.len() == filter.len())
            };
            let entries = process.image.quotas.iter().filter(|(entity, _)| fits(entity));
            DescribeClientQuotasResponse::default().with_entries(Some(entries.map(told).collect()))
        }
        Err((code, text)) => DescribeClientQuotasResponse::default()
            .with_error_code(code.0)
            .with_error_message(Some(StrBytes::from_string(text)))
            .with_entries(None),
    };
    ResponseKind::DescribeClientQuotas(response).into()
}

fn filter(
    request: &DescribeClientQuotasRequest,
) -> Result<BTreeMap<String, Wanted>, (ErrorCode, String)> {
    let refuse = |text: String| Err((ErrorCode::INVALID_REQUEST, text));
    let mut filter = BTreeMap::new();
    for component in &request.components {
        let kind = component.entity_type.as_str();
        if kind.is_empty() {
            return refuse("Invalid empty entity type.".to_owned());
        }
        if !["user", "client-id", "ip"].contains(&kind) {
            let text = format!("Unsupported entity type {kind}");
            return Err((ErrorCode::UNSUPPORTED_VERSION, text));
        }
        let wanted = match (component.match_type, &component._match) {
            (EXACT, Some(name)) => Wanted::Named(name.as_str().to_owned()),
            (EXACT, None) => {
                return refuse("Request specified MATCH_TYPE_EXACT without a name.".into());
            }
            (DEFAULT, _) => Wanted::Default,
            (ANY, _) => Wanted::Any,
            (other, _) => return refuse(format!("Unknown match type {other}")),
        };
        if filter.insert(kind.to_owned(), wanted).is_some() {
            return refuse(format!(
                "Entity type {kind} cannot appear more than once in the filter."
            ));
        }
    }
    if filter.contains_key("ip") && filter.len() > 1 {
        return refuse("Invalid entity filter component combination".to_owned());
    }
    Ok(filter)
}

fn told((entity, quotas): (&QuotaEntity, &Quotas)) -> EntryData {
    let text = |text: &String| StrBytes::from_string(text.clone());
    let entity = entity.iter().map(|(kind, name)| {
        EntityData::default().with_entity_type(text(kind)).with_entity_name(name.as_ref().map(text))
    });
    let values = quotas
        .iter()
        .map(|(key, value)| ValueData::default().with_key(text(key)).with_value(*value));
    EntryData::default().with_entity(entity.collect()).with_values(values.collect())
}

// Not modelled: nothing is left out.
