//! Quotas of clients (KIP-546, `ClientQuotaControlManager`): kept here, and told to brokers, which
//! throttle by them.

use milena_protocol::ErrorCode;
use milena_protocol::StrBytes;
use milena_protocol::messages::alter_client_quotas_request::EntryData;
use milena_protocol::messages::alter_client_quotas_response as answered;
use milena_protocol::messages::{AlterClientQuotasRequest, AlterClientQuotasResponse};

use super::Controller;
use super::topics::Refusal;
use crate::context::Context;
use crate::metadata::{QuotaEntity, Record};

/// `ClientQuotaEntity`
const USER: &str = "user";
const CLIENT_ID: &str = "client-id";
const IP: &str = "ip";

/// `QuotaConfig`: the rates of users and clients, and those of addresses. Whether a rate is a whole
/// number.
const RATES: &[(&str, bool)] = &[
    ("producer_byte_rate", true),
    ("consumer_byte_rate", true),
    ("request_percentage", false),
    ("controller_mutation_rate", false),
];
const RATES_OF_ADDRESSES: &[(&str, bool)] = &[("connection_creation_rate", true)];

impl Controller {
    pub(super) fn alter_quotas(
        &mut self,
        ctx: &mut Context<'_>,
        request: &AlterClientQuotasRequest,
    ) -> AlterClientQuotasResponse {
        let mut records = Vec::new();
        let entries = request.entries.iter().map(|entry| {
            let entity = entry.entity.iter().map(|part| {
                answered::EntityData::default()
                    .with_entity_type(part.entity_type.clone())
                    .with_entity_name(part.entity_name.clone())
            });
            let told = answered::EntryData::default()
                .with_entity(entity.collect())
                .with_error_message(None);
            match judge(entry) {
                Ok(changes) => {
                    records.extend(changes);
                    told
                }
                Err((code, text)) => told
                    .with_error_code(code.0)
                    .with_error_message(Some(StrBytes::from_string(text))),
            }
        });
        let response = AlterClientQuotasResponse::default().with_entries(entries.collect());
        if !request.validate_only {
            self.commit(ctx, records);
        }
        response
    }
}

fn judge(entry: &EntryData) -> Result<Vec<Record>, Refusal> {
    let mut entity = QuotaEntity::new();
    for part in &entry.entity {
        let kind = part.entity_type.as_str();
        if ![USER, CLIENT_ID, IP].contains(&kind) {
            return invalid(format!("Unhandled client quota entity type: {kind}"));
        }
        let name = part.entity_name.as_ref().map(|name| name.as_str().to_owned());
        if name.as_deref() == Some("") {
            return invalid(format!("Empty {kind} not supported"));
        }
        if entity.insert(kind.to_owned(), name).is_some() {
            return invalid(format!("The entity type {kind} is given twice"));
        }
    }
    if entity.is_empty() {
        return invalid("Invalid empty client quota entity".to_owned());
    }
    let rates = match (entity.contains_key(IP), entity.len()) {
        (true, 1) => RATES_OF_ADDRESSES,
        (true, _) => return invalid("An address stands alone in a quota entity".to_owned()),
        (false, _) => RATES,
    };
    let changes = entry.ops.iter().map(|op| {
        let key = op.key.as_str();
        let Some((_, is_whole)) = rates.iter().find(|(name, _)| *name == key) else {
            return invalid(format!("Invalid configuration key {key}"));
        };
        let value = (!op.remove).then_some(op.value);
        match value {
            Some(value) if value <= 0.0 => {
                return invalid(format!("Quota {key} must be greater than 0"));
            }
            Some(value) if *is_whole && value.fract() != 0.0 => {
                return invalid(format!("{key} must be a whole number"));
            }
            _ => {}
        }
        Ok(Record::Quota { entity: entity.clone(), key: key.to_owned(), value })
    });
    changes.collect()
}

fn invalid<T>(text: String) -> Result<T, Refusal> {
    Err((ErrorCode::INVALID_REQUEST, text))
}
