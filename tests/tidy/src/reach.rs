//! What a crate reaches through the dependencies of its dependencies, as cargo resolves them.

use std::collections::{BTreeMap, VecDeque};
use std::process::Command;
use std::{io, str};

use serde_json::Value;

use crate::House;
use crate::imports::TABLE;

/// Which package depends on which, by name; tests' own dependencies left out.
pub type Graph = BTreeMap<String, Vec<String>>;

/// Asks cargo for the dependency graph of the workspace.
///
/// # Errors
/// When cargo cannot be run or does not understand the workspace.
pub fn graph(house: &House) -> io::Result<Graph> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--locked", "--format-version", "1"])
        .current_dir(&house.root)
        .output()?;
    if !output.status.success() {
        let why = String::from_utf8_lossy(&output.stderr);
        return Err(io::Error::other(format!("cargo metadata failed: {why}")));
    }
    let metadata: Value = serde_json::from_slice(&output.stdout)?;
    Ok(read(&metadata))
}

fn read(metadata: &Value) -> Graph {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let names: BTreeMap<String, String> = list(&metadata["packages"])
        .iter()
        .map(|package| (text(&package["id"]), text(&package["name"])))
        .collect();
    let mut graph = Graph::new();
    for node in list(&metadata["resolve"]["nodes"]) {
        let Some(name) = names.get(&text(&node["id"])) else {
            continue;
        };
        let reached = list(&node["deps"])
            .into_iter()
            // A kind of `null` is an ordinary dependency; the others are for tests and build scripts.
            .filter(|dep| {
                list(&dep["dep_kinds"])
                    .iter()
                    .any(|kind| kind["kind"].is_null())
            })
            .filter_map(|dep| names.get(&text(&dep["pkg"])).cloned());
        graph.entry(name.clone()).or_default().extend(reached);
    }
    graph
}

/// Breaches of the "never" column of the table, with the path that leads there.
pub fn forbidden(graph: &Graph) -> Vec<String> {
    let mut breaches = Vec::new();
    for rule in TABLE {
        for never in rule.never {
            if let Some(path) = path(graph, rule.name, never) {
                breaches.push(format!(
                    "`{}` may never see `{never}`, but reaches it: {}.",
                    rule.name,
                    path.join(" → ")
                ));
            }
        }
    }
    breaches
}

/// The shortest way from one package to another.
fn path(graph: &Graph, from: &str, to: &str) -> Option<Vec<String>> {
    let mut came_from: BTreeMap<&str, &str> = BTreeMap::new();
    let mut queue = VecDeque::from([from]);
    while let Some(name) = queue.pop_front() {
        for next in graph.get(name).into_iter().flatten() {
            if next == from || came_from.contains_key(next.as_str()) {
                continue;
            }
            came_from.insert(next, name);
            if next == to {
                let mut way = vec![to.to_owned()];
                let mut at = to;
                while let Some(previous) = came_from.get(at) {
                    way.push((*previous).to_owned());
                    at = previous;
                }
                way.reverse();
                return Some(way);
            }
            queue.push_back(next);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forbidden_crate_is_found_behind_others() {
        let edges = [
            ("sip", "bytes"),
            ("bytes", "net"),
            ("net", "tokio"),
            ("callserver", "tokio"),
        ];
        let mut graph = Graph::new();
        for (from, to) in edges {
            graph
                .entry(from.to_owned())
                .or_default()
                .push(to.to_owned());
        }
        assert_eq!(
            forbidden(&graph),
            ["`sip` may never see `tokio`, but reaches it: sip → bytes → net → tokio."]
        );
    }

    #[test]
    fn dependencies_of_tests_do_not_count() {
        let metadata = serde_json::json!({
            "packages": [{"id": "1", "name": "sip"}, {"id": "2", "name": "tokio"}, {"id": "3", "name": "bytes"}],
            "resolve": {"nodes": [{"id": "1", "deps": [
                {"pkg": "2", "dep_kinds": [{"kind": "dev"}]},
                {"pkg": "3", "dep_kinds": [{"kind": null}]},
            ]}]},
        });
        assert_eq!(read(&metadata)["sip"], ["bytes"]);
    }
}
