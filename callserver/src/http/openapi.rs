//! The OpenAPI document (`GET /api/openapi.json`), made of the routes themselves.
//!
//! A route says what is its own: what it takes, what it gives, and which refusals are its own. What holds for all of
//! them is added here, so that no route can forget it: who is asked for a token, what every limit answers, and that
//! every refusal is a problem document.

use std::sync::{Arc, OnceLock};

use axum::body::Bytes;
use axum::http::header;
use axum::response::IntoResponse;
use serde_json::{Map, Value, json};
use utoipa::OpenApi;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};

use super::idempotent;

/// Where the document is.
pub(super) const PATH: &str = "/api/openapi.json";

/// What the document says before any route is in it.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Carillon",
        description = "Accounts, numbers, devices, contacts and calls of a Carillon call server. Whoever logs in gets an access token for `Authorization: Bearer`. Every refusal is an `application/problem+json` document (RFC 9457).",
    ),
    components(schemas(api::Problem, api::ProblemKind)),
    modifiers(&Tokens),
)]
struct Document;

struct Tokens;

impl utoipa::Modify for Tokens {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let scheme = Http::new(HttpAuthScheme::Bearer);
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("bearer", SecurityScheme::Http(scheme));
    }
}

/// The document as it is served.
fn finished() -> Bytes {
    let document = super::routes().describe(Document::openapi());
    let mut document = serde_json::to_value(&document).unwrap_or_default();
    if let Some(Value::Object(paths)) = document.get_mut("paths") {
        for (path, item) in paths {
            for (method, operation) in operations(item) {
                complete(method, operation);
                operation.insert("operationId".into(), id(method, path).into());
            }
        }
    }
    Bytes::from(document.to_string())
}

/// What an operation is called: of names that routes give themselves, several have one.
fn id(method: &str, path: &str) -> String {
    let words = path.split(|letter: char| !letter.is_ascii_alphanumeric());
    let words = words.filter(|word| !matches!(*word, "" | "api" | "v1"));
    words.fold(method.to_owned(), |id, word| format!("{id}_{word}"))
}

/// The operations of one path.
fn operations(item: &mut Value) -> impl Iterator<Item = (&str, &mut Map<String, Value>)> {
    let operations = item.as_object_mut().into_iter().flatten();
    operations.filter_map(|(method, operation)| Some((method.as_str(), operation.as_object_mut()?)))
}

/// Adds what holds for all routes.
fn complete(method: &str, operation: &mut Map<String, Value>) {
    let security = operation.get("security");
    // `{}` among the ways to prove who one is: it need not be proved.
    let is_public = security
        .and_then(Value::as_array)
        .is_some_and(|ways| ways.contains(&json!({})));
    let takes_token = security != Some(&json!([{}]));
    let has_body = operation.contains_key("requestBody");
    let has_parameters = operation.contains_key("parameters");
    let changes = !matches!(method, "get" | "head" | "options");
    let mut usual = vec![
        (
            "429",
            "Too many requests; `Retry-After` says when to come back.",
        ),
        ("500", "The server made a mistake."),
        ("503", "The server is too busy."),
    ];
    if !takes_token {
        operation.remove("security");
    } else {
        if !is_public {
            operation.insert("security".into(), json!([{ "bearer": [] }]));
        }
        usual.push(("401", "No token, or one that is not good any more."));
        usual.push(("403", "Not for whoever asks."));
    }
    if has_body || has_parameters || changes {
        usual.push(("400", "The request is not what this route expects."));
    }
    if has_body {
        usual.push(("413", "The body is too large."));
        usual.push(("415", "The body has another content type."));
    }
    if changes {
        usual.push(("409", "It is taken, or the same request is being done."));
        usual.push(("422", "The `Idempotency-Key` came with another request."));
        let parameters = operation.entry("parameters").or_insert_with(|| json!([]));
        if let Value::Array(parameters) = parameters {
            parameters.push(json!({
                "name": idempotent::HEADER,
                "in": "header",
                "description": "A random text, new for each request. The same request with the same key is not done again: its answer is given again, for a day.",
                "schema": { "type": "string", "minLength": 16, "maxLength": 128, "pattern": "^[!-~]+$" },
            }));
        }
    }
    let responses = operation.entry("responses").or_insert_with(|| json!({}));
    let Value::Object(responses) = responses else {
        return;
    };
    for (status, description) in usual {
        let entry = responses.entry(status);
        entry.or_insert_with(|| json!({ "description": description }));
    }
    for (status, response) in responses {
        if !status.starts_with(['4', '5']) {
            continue;
        }
        let Some(response) = response.as_object_mut() else {
            continue;
        };
        response.entry("content").or_insert_with(|| {
            json!({ api::Problem::MEDIA_TYPE: { "schema": { "$ref": "#/components/schemas/Problem" } } })
        });
        if status == "401" && takes_token {
            let challenge = json!({ "WWW-Authenticate": { "schema": { "type": "string" } } });
            response.entry("headers").or_insert(challenge);
        }
    }
}

/// The document, made when somebody asks for the first time.
#[derive(Clone, Default)]
pub(super) struct Served(Arc<OnceLock<Bytes>>);

impl Served {
    /// What `GET` of [`PATH`] answers.
    pub(super) fn answer(&self) -> impl IntoResponse + use<> {
        let document = self.0.get_or_init(finished).clone();
        ([(header::CONTENT_TYPE, "application/json")], document)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document() -> Value {
        serde_json::from_slice(&finished()).unwrap()
    }

    #[test]
    fn every_operation_has_its_answers_and_says_whom_it_is_for() {
        let mut document = document();
        assert_eq!(document["openapi"], "3.1.0");
        let names: Vec<String> = { document["components"]["schemas"].as_object() }
            .unwrap()
            .keys()
            .cloned()
            .collect();
        let text = document.to_string();
        for part in text.split("#/components/schemas/").skip(1) {
            let name = part.split('"').next().unwrap();
            assert!(
                names.iter().any(|known| known == name),
                "{name} is not described"
            );
        }
        let mut ids = std::collections::BTreeSet::new();
        for (path, item) in document["paths"].as_object_mut().unwrap() {
            for (method, operation) in operations(item) {
                let id = operation["operationId"].as_str().unwrap().to_owned();
                assert!(ids.insert(id.clone()), "{id} is the name of two");
                let what = format!("{method} {path}");
                let responses = operation["responses"].as_object().unwrap();
                assert!(
                    responses.keys().any(|status| status < &"400".to_owned()),
                    "{what}"
                );
                assert!(
                    operation.contains_key("summary"),
                    "{what} has no description"
                );
                assert!(operation.contains_key("tags"), "{what} has no tag");
                if operation.contains_key("security") {
                    assert!(responses.contains_key("401"), "{what}");
                }
                if path.starts_with("/api/v1/me") || path.starts_with("/api/v1/admin") {
                    assert!(
                        operation.contains_key("security"),
                        "{what} is for everybody"
                    );
                }
            }
        }
    }

    #[test]
    fn no_route_is_outside_of_the_document() {
        // Routes come through `routes!`, which describes them. What is put into a router otherwise would be missing.
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/http");
        let mut outside = Vec::new();
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let Ok(text) = std::fs::read_to_string(&path) else {
                continue;
            };
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            let hidden = code.matches(".route(").count() + code.matches(".route_service(").count();
            if hidden > 0 {
                outside.push((
                    path.file_name().unwrap().to_string_lossy().into_owned(),
                    hidden,
                ));
            }
        }
        // The document itself, and where `routes!` leads to.
        outside.sort();
        assert_eq!(
            outside,
            [("mod.rs".to_owned(), 1), ("routing.rs".to_owned(), 1)]
        );
    }
}
