//! Call settings and ring groups, over HTTP and with `callctl`.

use serde_json::json;

use crate::client::{ask, log_in, newcomer};
use crate::process::Server;

const SETTINGS: &str = "/api/v1/me/call-settings";

#[test]
fn call_settings_are_the_same_over_http_and_with_callctl() {
    let server = Server::start();
    let alice = newcomer(&server, "alice").access_token;
    let asked = |method: &str| ask(&server, method, SETTINGS).token(&alice);
    let before = asked("GET").get(200);
    assert_eq!(before["do_not_disturb"], false);
    assert_eq!(before["ring"], "at_once");

    let wish =
        json!({ "forward_no_answer": "1005", "no_answer_seconds": 12, "call_waiting": false });
    let set = asked("PUT").json(&wish).get(200);
    assert_eq!(set["forward_no_answer"], "1005");
    let changed = server.callctl(&[
        "accounts",
        "settings",
        "alice",
        "--dnd",
        "on",
        "--forward-busy",
        "bob",
    ]);
    assert_eq!(changed.code, Some(0), "{}", changed.stderr);
    let shown = server.callctl_json(&["accounts", "settings", "alice"]);
    assert_eq!(shown, asked("GET").get(200));
    assert_eq!(shown["do_not_disturb"], true);
    assert_eq!(shown["forward_busy"], "bob");
    assert_eq!(shown["no_answer_seconds"], 12);
    assert_eq!(shown["call_waiting"], false);
    let off = server.callctl(&[
        "accounts",
        "settings",
        "alice",
        "--forward-no-answer",
        "off",
    ]);
    assert!(off.stdout.contains("forward busy"), "{}", off.stdout);
    assert_eq!(asked("GET").get(200)["forward_no_answer"], json!(null));

    for wrong in [
        json!({ "forward_always": "alice" }),
        json!({ "forward_always": "no such place" }),
        json!({ "ring_seconds": 0 }),
        json!({ "max_calls": 0 }),
    ] {
        asked("PUT").json(&wrong).get(400);
    }
    asked("PUT").json(&json!({ "ring_first": ["x"] })).get(404);
}

#[test]
fn groups_are_made_changed_and_removed() {
    let server = Server::start();
    for name in ["alice", "bob", "carol"] {
        newcomer(&server, name);
    }
    assert_eq!(
        server.callctl(&["accounts", "admin", "alice"]).code,
        Some(0)
    );
    let token = log_in(&server, "alice").tokens.unwrap().access_token;
    let asked = |method: &str, path: &str| ask(&server, method, path).token(&token);
    let made = server.callctl_json(&[
        "groups",
        "add",
        "sales",
        "--number",
        "2000",
        "--members",
        "bob,carol",
    ]);
    assert_eq!(made["members"][1]["name"], "carol");
    let path = format!("/api/v1/admin/groups/{}", made["id"]);
    assert_eq!(asked("GET", &path).get(200), made);
    let wish = json!({ "members": ["carol"], "ring": "in_order", "ring_seconds": 5 });
    let changed = asked("PATCH", &path).json(&wish).get(200);
    assert_eq!(server.callctl_json(&["groups", "show", "sales"]), changed);
    let list = server.callctl(&["groups", "list"]).stdout;
    assert!(list.contains("in order, 5 s each"), "{list}");
    // Further settings of a group are those of an account.
    let settings = format!("/api/v1/admin/accounts/{}/call-settings", made["id"]);
    let mut wish = asked("GET", &settings).get(200);
    wish["forward_no_answer"] = json!("1000");
    let set = asked("PUT", &settings).json(&wish).get(200);
    assert_eq!(set["ring"], "in_order");
    let members = server.callctl(&["groups", "members", "sales", "bob", "carol"]);
    assert_eq!(members.code, Some(0), "{}", members.stderr);
    assert_eq!(
        asked("GET", &settings).get(200)["forward_no_answer"],
        "1000"
    );

    let nobody = server.callctl(&["groups", "members", "sales", "nobody"]);
    assert_eq!(nobody.code, Some(1));
    let dry = server.callctl(&["--dry-run", "groups", "add", "dry", "--members", "bob"]);
    assert_eq!(dry.code, Some(0), "{}", dry.stderr);
    assert_eq!(server.callctl(&["groups", "show", "dry"]).code, Some(1));
    asked("DELETE", &path).get(204);
    asked("GET", &path).get(404);
    asked("GET", "/api/v1/admin/groups/1").get(404);
}
