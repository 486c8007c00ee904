//! Keys and values of `__transaction_state`.
//!
//! Made by `cargo run -p milena-protocol-tests --bin schemas` from the schemas in the jars of
//! Apache Kafka 4.1.0; not to be edited.

#![expect(
    clippy::field_reassign_with_default,
    reason = "a field that is absent keeps its default"
)]

use crate::internal::value::{Misfit, Reader, Value, Writer};
use crate::internal::{UnknownTaggedFields, belongs_to, internal_records};
use crate::StrBytes;

internal_records! {
    TransactionKey TransactionValue:
    0 TransactionLog TransactionLogKey TransactionLogValue,
}

/// `TransactionLogKey`, version 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TransactionLogKey {
    /// `transactional_id`.
    pub transactional_id: StrBytes,
}

impl Value for TransactionLogKey {
    fn read(from: &mut Reader) -> Result<Self, Misfit> {
        let mut this = Self::default();
        this.transactional_id = from.get()?;
        Ok(this)
    }

    fn write(&self, to: &mut Writer) -> Result<(), Misfit> {
        to.put(&self.transactional_id)?;
        Ok(())
    }
}

belongs_to!(TransactionLogKey, TRANSACTION_LOG_KEY);

/// `TransactionLogValue`, versions 0 to 1.
#[derive(Clone, Debug, PartialEq)]
pub struct TransactionLogValue {
    /// `producer_id`.
    pub producer_id: i64,
    /// `previous_producer_id`, from version 1 on.
    pub previous_producer_id: i64,
    /// `next_producer_id`, from version 1 on.
    pub next_producer_id: i64,
    /// `producer_epoch`.
    pub producer_epoch: i16,
    /// `next_producer_epoch`, from version 1 on.
    pub next_producer_epoch: i16,
    /// `transaction_timeout_ms`.
    pub transaction_timeout_ms: i32,
    /// `transaction_status`.
    pub transaction_status: i8,
    /// `transaction_partitions`.
    pub transaction_partitions: Option<Vec<PartitionsSchema>>,
    /// `transaction_last_update_timestamp_ms`.
    pub transaction_last_update_timestamp_ms: i64,
    /// `transaction_start_timestamp_ms`.
    pub transaction_start_timestamp_ms: i64,
    /// `client_transaction_version`, from version 1 on.
    pub client_transaction_version: i16,
    /// Tagged fields that are not known.
    pub unknown_tagged_fields: UnknownTaggedFields,
}

impl Default for TransactionLogValue {
    fn default() -> Self {
        Self {
            producer_id: Default::default(),
            previous_producer_id: -1,
            next_producer_id: -1,
            producer_epoch: Default::default(),
            next_producer_epoch: -1,
            transaction_timeout_ms: Default::default(),
            transaction_status: Default::default(),
            transaction_partitions: Default::default(),
            transaction_last_update_timestamp_ms: Default::default(),
            transaction_start_timestamp_ms: Default::default(),
            client_transaction_version: Default::default(),
            unknown_tagged_fields: Default::default(),
        }
    }
}

impl Value for TransactionLogValue {
    fn read(from: &mut Reader) -> Result<Self, Misfit> {
        let mut this = Self::default();
        this.producer_id = from.get()?;
        this.producer_epoch = from.get()?;
        this.transaction_timeout_ms = from.get()?;
        this.transaction_status = from.get()?;
        this.transaction_partitions = from.get()?;
        this.transaction_last_update_timestamp_ms = from.get()?;
        this.transaction_start_timestamp_ms = from.get()?;
        for _ in 0..from.tags()? {
            let (tag, size) = from.tag()?;
            match tag {
                0 => this.previous_producer_id = from.get()?,
                1 => this.next_producer_id = from.get()?,
                3 => this.next_producer_epoch = from.get()?,
                2 => this.client_transaction_version = from.get()?,
                _ => {
                    this.unknown_tagged_fields.insert(tag, from.raw(size)?);
                }
            }
        }
        Ok(this)
    }

    fn write(&self, to: &mut Writer) -> Result<(), Misfit> {
        to.put(&self.producer_id)?;
        to.put(&self.producer_epoch)?;
        to.put(&self.transaction_timeout_ms)?;
        to.put(&self.transaction_status)?;
        to.put(&self.transaction_partitions)?;
        to.put(&self.transaction_last_update_timestamp_ms)?;
        to.put(&self.transaction_start_timestamp_ms)?;
        let mut tags = Vec::new();
        if self.previous_producer_id != -1 {
            if !to.is_flexible() {
                return Err(to.absent("previous_producer_id"));
            }
            tags.push((0, to.aside(|to| to.put(&self.previous_producer_id))?));
        }
        if self.next_producer_id != -1 {
            if !to.is_flexible() {
                return Err(to.absent("next_producer_id"));
            }
            tags.push((1, to.aside(|to| to.put(&self.next_producer_id))?));
        }
        if self.next_producer_epoch != -1 {
            if !to.is_flexible() {
                return Err(to.absent("next_producer_epoch"));
            }
            tags.push((3, to.aside(|to| to.put(&self.next_producer_epoch))?));
        }
        if self.client_transaction_version != 0 {
            if !to.is_flexible() {
                return Err(to.absent("client_transaction_version"));
            }
            tags.push((2, to.aside(|to| to.put(&self.client_transaction_version))?));
        }
        to.put_tags(tags, &self.unknown_tagged_fields)?;
        Ok(())
    }
}

/// `PartitionsSchema` in `TransactionLogValue`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PartitionsSchema {
    /// `topic`.
    pub topic: StrBytes,
    /// `partition_ids`.
    pub partition_ids: Vec<i32>,
    /// Tagged fields that are not known.
    pub unknown_tagged_fields: UnknownTaggedFields,
}

impl Value for PartitionsSchema {
    fn read(from: &mut Reader) -> Result<Self, Misfit> {
        let mut this = Self::default();
        this.topic = from.get()?;
        this.partition_ids = from.get()?;
        for _ in 0..from.tags()? {
            let (tag, size) = from.tag()?;
            this.unknown_tagged_fields.insert(tag, from.raw(size)?);
        }
        Ok(this)
    }

    fn write(&self, to: &mut Writer) -> Result<(), Misfit> {
        to.put(&self.topic)?;
        to.put(&self.partition_ids)?;
        to.put_tags([], &self.unknown_tagged_fields)?;
        Ok(())
    }
}

belongs_to!(TransactionLogValue, TRANSACTION_LOG_VALUE);
