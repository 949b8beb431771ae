//! The JSON Schema of the room protocol, made of the same types that the server reads and writes.

use api::room::{Request, Response};
use axum::Json;
use serde_json::{Value, json};
use utoipa::openapi::{ComponentsBuilder, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::super::routing::{Routes, routes};

pub(super) fn router() -> Routes {
    Routes::new().routes(routes!(serve))
}

/// The JSON Schema of what is said over `/ws/rooms`.
#[utoipa::path(get, path = "/api/rooms.schema.json", tag = "rooms", security(()),
    responses((status = 200, description = "A JSON Schema (draft 2020-12).", body = serde_json::Value)))]
async fn serve() -> Json<Value> {
    Json(document())
}

fn document() -> Value {
    let mut schemas = Vec::new();
    Request::schemas(&mut schemas);
    Response::schemas(&mut schemas);
    schemas.push(("Request".to_owned(), Request::schema()));
    schemas.push(("Response".to_owned(), Response::schema()));
    let mut components = ComponentsBuilder::new();
    for (name, schema) in schemas {
        components = components.schema::<String, utoipa::openapi::RefOr<Schema>>(name, schema);
    }
    let components = serde_json::to_value(components.build()).unwrap_or_default();
    let definitions = rewritten(components.get("schemas").cloned().unwrap_or_default());
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": api::room::ROOMS_SCHEMA_PATH,
        "title": "The room protocol of /ws/rooms",
        "description": "A client sends what Request describes, the server what Response describes; each is one text message.",
        "oneOf": [{ "$ref": "#/$defs/Request" }, { "$ref": "#/$defs/Response" }],
        "$defs": definitions,
    })
}

/// References lead to `$defs`, where OpenAPI has `components`.
fn rewritten(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let entries = map.into_iter().map(|(key, value)| match (&*key, value) {
                ("$ref", Value::String(text)) => {
                    let text = text.replace("#/components/schemas/", "#/$defs/");
                    (key, Value::String(text))
                }
                (_, value) => (key, rewritten(value)),
            });
            Value::Object(entries.collect())
        }
        Value::Array(values) => values.into_iter().map(rewritten).collect(),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn references(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(map) => {
                for (key, value) in map {
                    match (&**key, value) {
                        ("$ref", Value::String(text)) => found.push(text.clone()),
                        _ => references(value, found),
                    }
                }
            }
            Value::Array(values) => values.iter().for_each(|value| references(value, found)),
            _ => {}
        }
    }

    #[test]
    fn every_reference_of_the_schema_leads_somewhere_and_every_type_is_described() {
        let document = document();
        let mut found = Vec::new();
        references(&document, &mut found);
        for reference in &found {
            let name = reference.strip_prefix("#/$defs/").unwrap();
            assert!(document["$defs"][name].is_object(), "{reference}");
        }
        let text = document.to_string();
        for name in [
            "USER_CONNECT",
            "USER_MESSAGE",
            "SYS_NEW_MESSAGE",
            "SYS_ERROR",
            "ERR_005",
        ] {
            assert!(text.contains(name), "{name}");
        }
    }
}
