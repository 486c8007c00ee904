//! Messages, read and written again by Kafka's generated classes.

use bytes::{BufMut, Bytes, BytesMut};

use super::{JavaPeer, PeerError, Question, Refusal};

/// The bytes of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JavaMessage {
    /// Its name in Kafka's schemas: `FetchResponse`.
    pub name: &'static str,
    /// Its version.
    pub version: i16,
    /// Its bytes, without a header.
    pub bytes: Bytes,
    /// By which way it is written again.
    pub route: Route,
}

/// By which way Kafka writes again what it has read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// At once.
    Straight,
    /// Through the message's JSON converter to JSON and back. Records and unknown tagged fields get
    /// lost on this way, so that a message has to have neither.
    Json,
}

impl JavaPeer {
    /// Kafka reads each message to its last byte and writes it again.
    ///
    /// # Errors
    /// The peer is gone.
    pub fn rewrite(
        &mut self,
        messages: &[JavaMessage],
    ) -> Result<Vec<Result<Bytes, Refusal>>, PeerError> {
        let items: Vec<Bytes> = messages.iter().map(item).collect();
        self.ask(Question::Message, &items)
    }
}

fn item(message: &JavaMessage) -> Bytes {
    let mut item = BytesMut::with_capacity(message.bytes.len() + message.name.len() + 5);
    item.put_i16(i16::try_from(message.name.len()).expect("a class name is short"));
    item.put_slice(message.name.as_bytes());
    item.put_i16(message.version);
    item.put_u8(u8::from(message.route == Route::Json));
    item.put_slice(&message.bytes);
    item.freeze()
}
