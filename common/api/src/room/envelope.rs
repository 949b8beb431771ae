//! What every message over `/ws/rooms` is wrapped into.

use serde::{Deserialize, Serialize};

use super::{Said, Told};

/// Where the room protocol is spoken, as text messages of a WebSocket (RFC 6455), each one JSON object.
pub const ROOMS_PATH: &str = "/ws/rooms";

/// Where its JSON Schema is served.
pub const ROOMS_SCHEMA_PATH: &str = "/api/rooms.schema.json";

/// A message over `/ws/rooms`, whoever sends it, before its `data` is understood.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Envelope {
    /// What it is: `USER_…` from a client, `SYS_…` from the server.
    #[serde(rename = "type")]
    pub kind: String,
    /// What it says.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub data: serde_json::Value,
    /// Of the server's: 200 if it is well, else as in HTTP.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// When it was sent (RFC 3339). The server's is always there; a client's is never looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<String>,
    /// What the client has made up to know the answer by, up to 64 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(max_length = 64))]
    pub id: Option<String>,
}

/// What a client sends.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Request {
    /// What it wants.
    #[serde(flatten)]
    pub said: Said,
    /// What it has made up to know the answer by, up to 64 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(max_length = 64))]
    pub id: Option<String>,
}

/// What the server sends.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Response {
    /// What it tells.
    #[serde(flatten)]
    pub told: Told,
    /// 200 if it is well, else as in HTTP.
    pub status: u16,
    /// When it was sent (RFC 3339).
    pub timestamp: String,
    /// The `id` of the request that it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(max_length = 64))]
    pub id: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::room::{RoomError, RoomErrorCode};

    fn examples(text: &str) -> Vec<serde_json::Value> {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn what_clients_say_reads_as_it_is_documented() {
        for example in examples(include_str!("examples/said.json")) {
            let request: Request = serde_json::from_value(example.clone()).unwrap();
            assert_eq!(example["type"], request.said.name());
            assert_eq!(serde_json::to_value(&request).unwrap(), example);
            let envelope: Envelope = serde_json::from_value(example).unwrap();
            assert_eq!(envelope.kind, request.said.name());
        }
    }

    #[test]
    fn what_the_server_tells_reads_as_it_is_documented() {
        for example in examples(include_str!("examples/told.json")) {
            let response: Response = serde_json::from_value(example.clone()).unwrap();
            assert_eq!(example["type"], response.told.name());
            assert_eq!(serde_json::to_value(&response).unwrap(), example);
            let envelope: Envelope = serde_json::from_value(example).unwrap();
            assert_eq!(envelope.status, Some(response.status));
        }
    }

    #[test]
    fn an_error_has_one_of_five_codes_and_a_code_from_the_future_does_no_harm() {
        let codes = [
            RoomErrorCode::InvalidMessage,
            RoomErrorCode::RoomNotFound,
            RoomErrorCode::AccessRefused,
            RoomErrorCode::InvalidNumber,
            RoomErrorCode::ConnectionError,
        ];
        for (code, text) in codes
            .into_iter()
            .zip(["ERR_001", "ERR_002", "ERR_003", "ERR_004", "ERR_005"])
        {
            assert_eq!(serde_json::to_value(code).unwrap(), text);
            assert_eq!(code.as_str(), text);
        }
        let newer: RoomError =
            serde_json::from_str(r#"{"code":"ERR_099","sentence":"s"}"#).unwrap();
        assert_eq!(newer.code, RoomErrorCode::Unknown);
    }

    #[test]
    fn unknown_and_misshapen_wishes_are_refused() {
        for bad in [
            r#"{"type":"USER_FLY","data":{}}"#,
            r#"{"data":{}}"#,
            r#"{"type":"USER_JOIN_ROOM","data":{"room":7}}"#,
            r#"{"type":"USER_MESSAGE","data":{"room":"x","body":{"type":"text","text":"t"}}}"#,
            r#"{"type":"SYS_ERROR","data":{}}"#,
            "[]",
            "7",
        ] {
            assert!(serde_json::from_str::<Request>(bad).is_err(), "{bad}");
        }
    }
}
