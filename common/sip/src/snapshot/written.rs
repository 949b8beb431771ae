//! How texts and bodies are written with `serde`: as text, which nearly all of them are.

use bytes::Bytes;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::Text;

impl Serialize for Text {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self)
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Text::from)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Written<T> {
    Text(T),
    Bytes(Vec<u8>),
}

pub(super) fn serialize<S: Serializer>(body: &Bytes, serializer: S) -> Result<S::Ok, S::Error> {
    match std::str::from_utf8(body) {
        Ok(text) => Written::Text(text),
        Err(_) => Written::Bytes(body.to_vec()),
    }
    .serialize(serializer)
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Bytes, D::Error> {
    Ok(match Written::<String>::deserialize(deserializer)? {
        Written::Text(text) => Bytes::from(text),
        Written::Bytes(bytes) => Bytes::from(bytes),
    })
}
