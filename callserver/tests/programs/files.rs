//! Files over HTTP: resumable uploads over a network that breaks, and what comes back.

use std::io::Write;
use std::net::{Shutdown, TcpStream};

use serde_json::json;

use crate::client::{ask, log_in, newcomer};
use crate::process::{Server, path_text};

pub(crate) const PART: &str = "application/offset+octet-stream";

fn noise(length: usize) -> Vec<u8> {
    let mut state = 7_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    };
    (0..length).map(|_| next()).collect()
}

/// The value of a header, in small letters.
pub(crate) fn header<'a>(head: &'a str, name: &str) -> &'a str {
    let line = head
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    line.unwrap_or_else(|| panic!("no {name} in {head}"))
}

/// Begins an upload and gives back its path. `name` is in base64.
pub(crate) fn begin(server: &Server, token: &str, name: &str, size: usize) -> String {
    let begun = ask(server, "POST", "/api/v1/files").token(token);
    let begun = begun.header("Upload-Length", &size.to_string()).header(
        "Upload-Metadata",
        &format!("filename {name},relativePath bnVsbA=="),
    );
    let begun = begun.send();
    assert_eq!(begun.status, 201, "{begun:?}");
    header(&begun.head, "location").to_owned()
}

fn offset(server: &Server, token: &str, path: &str) -> usize {
    let (status, head, _) = ask(server, "HEAD", path).token(token).send_for_bytes();
    assert_eq!(status, 200, "{head}");
    assert_eq!(header(&head, "cache-control"), "no-store");
    header(&head, "upload-offset").parse().unwrap()
}

/// Sends all of the rest, and breaks off after some of it.
fn break_off(server: &Server, token: &str, path: &str, rest: &[u8], sent: usize, offset: usize) {
    let mut stream = TcpStream::connect(server.address("http")).unwrap();
    let head = format!(
        "PATCH {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nTus-Resumable: 1.0.0\r\n\
         Content-Type: {PART}\r\nUpload-Offset: {offset}\r\nContent-Length: {}\r\n\r\n",
        rest.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(&rest[..sent]).unwrap();
    stream.shutdown(Shutdown::Both).unwrap();
}

#[test]
fn a_file_arrives_bit_for_bit_after_ten_broken_connections_and_a_killed_server() {
    let mut server = Server::start();
    let token = newcomer(&server, "alice").access_token;
    let bytes = noise(3_000_000);
    let path = begin(&server, &token, "bm9pc2UgMS5iaW4=", bytes.len());
    for broken in 0..10 {
        let at = offset(&server, &token, &path);
        break_off(&server, &token, &path, &bytes[at..], 200_000, at);
        if broken == 5 {
            server.signal("KILL");
            let (_, _, folder) = server.wait();
            server = Server::start_in(folder);
        }
    }
    // The last of them may still be being read.
    let mut at = offset(&server, &token, &path);
    let done = loop {
        let sent = ask(&server, "PATCH", &path)
            .token(&token)
            .header("Upload-Offset", &at.to_string())
            .body(PART, &bytes[at..]);
        let sent = sent.send();
        match sent.status {
            204 => break sent,
            409 | 423 => at = offset(&server, &token, &path),
            _ => panic!("{sent:?}"),
        }
    };
    assert!(at > 0, "nothing has come by then");
    assert_eq!(header(&done.head, "upload-offset"), "3000000");

    let (status, head, got) = ask(&server, "GET", &path).token(&token).send_for_bytes();
    assert_eq!((status, got == bytes), (200, true), "{head}");
    let named = "attachment; filename*=utf-8''noise%201.bin";
    assert_eq!(header(&head, "content-disposition"), named);
    let part = ask(&server, "GET", &path).token(&token);
    let part = part
        .header("Range", "bytes=1000000-1000009")
        .send_for_bytes();
    assert_eq!((part.0, &part.2[..]), (206, &bytes[1_000_000..1_000_010]));
    let tag = header(&head, "etag").to_owned();
    let known = ask(&server, "GET", &path).token(&token);
    assert_eq!(known.header("If-None-Match", &tag).send().status, 304);
    let beyond = ask(&server, "GET", &path).token(&token);
    assert_eq!(beyond.header("Range", "bytes=3000000-").send().status, 416);
}

#[test]
fn files_are_listed_and_removed_by_their_owner_alone() {
    let server = Server::start();
    let alice = newcomer(&server, "alice").access_token;
    let bob = newcomer(&server, "bob").access_token;
    let path = begin(&server, &alice, "Li4vLi4vZXRjL3Bhc3N3ZA==", 4);
    let sent = ask(&server, "PATCH", &path).token(&alice);
    let sent = sent.header("Upload-Offset", "0").header(
        "Upload-Checksum",
        "sha256 iNQmb9TmM42TuEX8/PKJ/cNCCdKqN6oBAiGK+xbd7lA=",
    );
    // Not the hash of these bytes.
    let sent = sent.body(PART, b"abcd").send();
    assert_eq!(sent.status, 460, "{sent:?}");
    assert_eq!(offset(&server, &alice, &path), 0);
    let sent = ask(&server, "PATCH", &path).token(&alice);
    let sent = sent.header("Upload-Offset", "0").body(PART, b"abcd");
    sent.get(204);

    let list = ask(&server, "GET", "/api/v1/files").token(&alice).get(200);
    let file = &list["items"][0];
    assert_eq!(file["name"], "passwd");
    assert_eq!(file["received"], 4);
    let none = ask(&server, "GET", "/api/v1/files").token(&bob).get(200);
    assert_eq!(none["items"], json!([]));
    for method in ["GET", "HEAD", "DELETE"] {
        assert_eq!(
            ask(&server, method, &path).token(&bob).send().status,
            404,
            "{method}"
        );
    }
    let sent = ask(&server, "PATCH", &path).token(&bob);
    let sent = sent.header("Upload-Offset", "4").body(PART, b"");
    assert_eq!(sent.send().status, 404);
    ask(&server, "DELETE", &path).token(&alice).get(204);
    assert_eq!(ask(&server, "GET", &path).token(&alice).send().status, 404);
}

#[test]
fn what_a_client_does_wrong_is_told_and_changes_nothing() {
    let server = Server::start();
    let token = newcomer(&server, "alice").access_token;
    let post = || ask(&server, "POST", "/api/v1/files").token(&token);
    assert_eq!(post().send().status, 400);
    assert_eq!(post().header("Upload-Length", "-1").send().status, 400);
    let huge = post().header("Upload-Length", "99999999999999");
    assert_eq!(huge.send().status, 413);
    let path = begin(&server, &token, "eA==", 10);
    let patch = || ask(&server, "PATCH", &path).token(&token);
    let text = patch()
        .header("Upload-Offset", "0")
        .body("text/plain", b"x");
    assert_eq!(text.send().status, 415);
    assert_eq!(patch().body(PART, b"x").send().status, 400);
    let ahead = patch().header("Upload-Offset", "5").body(PART, b"x").send();
    assert_eq!(
        (ahead.status, header(&ahead.head, "upload-offset")),
        (409, "0")
    );
    let more = patch().header("Upload-Offset", "0").body(PART, &[0; 11]);
    assert_eq!(more.send().status, 413);
    let early = ask(&server, "GET", &path).token(&token).send();
    assert_eq!(early.status, 409);
    assert_eq!(offset(&server, &token, &path), 0);
    let (status, head, _) = ask(&server, "OPTIONS", "/api/v1/files").send_for_bytes();
    assert_eq!(status, 204, "{head}");
    assert_eq!(header(&head, "tus-version"), "1.0.0");
    assert_eq!(
        header(&head, "tus-extension"),
        "creation,checksum,expiration,termination"
    );
}

#[test]
fn whoever_is_sent_a_file_may_read_it_until_the_message_is_deleted() {
    let server = Server::start();
    let alice = newcomer(&server, "alice").access_token;
    let bob = newcomer(&server, "bob").access_token;
    let carol = newcomer(&server, "carol").access_token;
    let path = begin(&server, &alice, "YS50eHQ=", 5);
    let id = path.rsplit('/').next().unwrap();
    let sha256 = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
    let message = |id_of_message: &str, bytes: u64| {
        let file = json!({ "file": id, "sha256": sha256, "name": "a.txt",
            "media_type": "text/plain; charset=utf-8", "bytes": bytes });
        json!({ "to": { "name": "bob" }, "id": id_of_message, "body": { "type": "file", "file": file } })
    };
    let send = |token: &str, message: serde_json::Value| {
        let sent = ask(&server, "POST", "/api/v1/messages").token(token);
        sent.json(&message).send()
    };
    // Not all of it has come yet.
    assert_eq!(send(&alice, message("m1", 5)).status, 404);
    let sent = ask(&server, "PATCH", &path).token(&alice);
    let sent = sent.header("Upload-Offset", "0").body(PART, b"hello");
    sent.get(204);
    assert_eq!(send(&alice, message("m1", 6)).status, 404);
    // Who only knows its id and hash sends nothing of it.
    assert_eq!(send(&carol, message("m2", 5)).status, 404);
    let get = |token: &str| ask(&server, "GET", &path).token(token).send_for_bytes();
    assert_eq!(get(&bob).0, 404);
    let stored = send(&alice, message("m1", 5));
    assert!([200, 201].contains(&stored.status), "{stored:?}");
    let (status, _, bytes) = get(&bob);
    assert_eq!((status, &bytes[..]), (200, &b"hello"[..]));
    assert_eq!(get(&carol).0, 404);
    // Bob passes it on.
    let mut to_carol = message("m3", 5);
    to_carol["to"] = json!({ "name": "carol" });
    assert!([200, 201].contains(&send(&bob, to_carol).status));
    assert_eq!(get(&carol).0, 200);
    let delete = json!({ "to": { "name": "bob" }, "id": "m4", "body": { "type": "delete", "target": "m1" } });
    assert!([200, 201].contains(&send(&alice, delete).status));
    assert_eq!(get(&bob).0, 200, "he sent it to Carol himself");
    let delete = json!({ "to": { "name": "carol" }, "id": "m5", "body": { "type": "delete", "target": "m3" } });
    assert!([200, 201].contains(&send(&bob, delete).status));
    assert_eq!((get(&bob).0, get(&carol).0, get(&alice).0), (404, 404, 200));
}

#[test]
fn a_backup_brings_the_files_back() {
    let server = Server::start();
    let token = newcomer(&server, "alice").access_token;
    let bytes = noise(100_000);
    let path = begin(&server, &token, "eA==", bytes.len());
    let sent = ask(&server, "PATCH", &path).token(&token);
    let sent = sent.header("Upload-Offset", "0").body(PART, &bytes);
    sent.get(204);
    let folder = tempfile::tempdir().unwrap();
    let archive = folder.path().join("backup.zip");
    server.callctl_json(&["backup", path_text(&archive)]);
    ask(&server, "DELETE", &path).token(&token).get(204);
    drop(server);

    let new = tempfile::tempdir().unwrap();
    let restored = crate::process::callctl(new.path(), &["restore", path_text(&archive)], "");
    assert_eq!(restored.code, Some(0), "{restored:?}");
    let server = Server::start_in(new);
    // Sessions are not in a backup.
    let token = log_in(&server, "alice").tokens.unwrap().access_token;
    let (status, head, got) = ask(&server, "GET", &path).token(&token).send_for_bytes();
    assert_eq!((status, got == bytes), (200, true), "{head}");
}

#[test]
fn a_picture_comes_small_to_whoever_may_see_it() {
    let server = Server::start();
    let alice = newcomer(&server, "alice").access_token;
    let bob = newcomer(&server, "bob").access_token;
    let mut png = std::io::Cursor::new(Vec::new());
    let picture = image::RgbImage::from_pixel(900, 600, image::Rgb([0, 0, 200]));
    picture.write_to(&mut png, image::ImageFormat::Png).unwrap();
    let png = png.into_inner();
    let path = begin(&server, &alice, "c2VhLnBuZw==", png.len());
    let small = format!("{path}/thumbnail");
    let early = ask(&server, "GET", &small).token(&alice).send();
    assert_eq!(early.status, 409);
    let sent = ask(&server, "PATCH", &path).token(&alice);
    let sent = sent.header("Upload-Offset", "0").body(PART, &png);
    sent.get(204);
    let (status, head, jpeg) = ask(&server, "GET", &small).token(&alice).send_for_bytes();
    assert_eq!((status, header(&head, "content-type")), (200, "image/jpeg"));
    let shown = image::load_from_memory_with_format(&jpeg, image::ImageFormat::Jpeg).unwrap();
    assert_eq!((shown.width(), shown.height()), (320, 213));
    let tag = header(&head, "etag").to_owned();
    let known = ask(&server, "GET", &small).token(&alice);
    assert_eq!(known.header("If-None-Match", &tag).send().status, 304);
    let strange = ask(&server, "GET", &small).token(&bob).send();
    assert_eq!(strange.status, 404);
}
