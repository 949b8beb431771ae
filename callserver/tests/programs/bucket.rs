//! Files whose contents lie in an object store of somebody else (moto, which speaks S3).

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use test_postgres::Cluster;

use crate::client::{ask, log_in, newcomer};
use crate::process::{PATIENCE, Server, callserver, path_text};

/// The object store, with one bucket.
struct ObjectStore {
    child: Child,
    address: SocketAddr,
}

const BUCKET: &str = "phones-of-us";

impl ObjectStore {
    fn start() -> Self {
        let tool = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
        let tool = tool.join("tools/moto/bin/moto_server");
        assert!(
            tool.is_file(),
            "{} is not there; tests/setup/python-tool moto moto_server installs it",
            tool.display()
        );
        // Given back to the system a moment before somebody else takes it.
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        let child = Command::new(tool)
            .args(["-H", "127.0.0.1", "-p", &address.port().to_string()])
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let store = Self { child, address };
        let begin = Instant::now();
        while TcpStream::connect(address).is_err() {
            assert!(begin.elapsed() < PATIENCE, "the object store does not come");
            std::thread::sleep(Duration::from_millis(50));
        }
        let made = store.say("PUT", &format!("/{BUCKET}"));
        assert!(made.starts_with("HTTP/1.1 200"), "{made}");
        store
    }

    /// One request as anybody could make it, and the whole answer.
    fn say(&self, method: &str, path: &str) -> String {
        let mut stream = TcpStream::connect(self.address).unwrap();
        let address = self.address;
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {address}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// How many objects there are.
    fn count(&self) -> usize {
        let list = self.say("GET", &format!("/{BUCKET}?list-type=2&prefix=files/"));
        list.matches("<Key>files/").count()
    }

    /// A server that keeps its files there.
    fn server(&self, folder: TempDir, arguments: &[&str]) -> Server {
        let config = folder.path().join("callserver.toml");
        let text = format!(
            "[files]\ns3 = \"s3://{BUCKET}/files\"\ns3_endpoint = \"http://{}\"\ns3_region = \"us-east-1\"\n",
            self.address
        );
        std::fs::write(&config, text).unwrap();
        let encrypted = ["--sips", "off", "--https", "off"];
        let named = ["--config", path_text(&config)];
        let mut command = callserver(folder.path(), &[&named[..], &encrypted, arguments].concat());
        command
            .env("AWS_ACCESS_KEY_ID", "us")
            .env("AWS_SECRET_ACCESS_KEY", "secret");
        Server::start_as(folder, command)
    }
}

impl Drop for ObjectStore {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends a whole file; gives back its path.
fn send(server: &Server, token: &str, bytes: &[u8]) -> String {
    let begun = ask(server, "POST", "/api/v1/files").token(token);
    let begun = begun.header("Upload-Length", &bytes.len().to_string());
    let id = begun.get(201)["id"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/files/{id}");
    let sent = ask(server, "PATCH", &path).token(token);
    let sent = sent.header("Upload-Offset", "0");
    sent.body("application/offset+octet-stream", bytes).get(204);
    path
}

fn noise(length: usize) -> Vec<u8> {
    let mut state = 11_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    };
    (0..length).map(|_| next()).collect()
}

/// How many contents lie in the data folder.
fn here(server: &Server) -> usize {
    let folders = std::fs::read_dir(server.data().join("files")).unwrap();
    let within = |folder: std::io::Result<std::fs::DirEntry>| {
        std::fs::read_dir(folder.unwrap().path()).unwrap().count()
    };
    folders.map(within).sum()
}

#[test]
fn contents_go_into_the_bucket_and_come_back_whole_or_in_parts() {
    let store = ObjectStore::start();
    let server = store.server(tempfile::tempdir().unwrap(), &[]);
    let token = newcomer(&server, "alice").access_token;
    // More than two parts.
    let bytes = noise(20_000_000);
    let path = send(&server, &token, &bytes);
    assert_eq!((store.count(), here(&server)), (1, 0));
    let whole = ask(&server, "GET", &path).token(&token).send_for_bytes();
    assert_eq!((whole.0, whole.2 == bytes), (200, true), "{}", whole.1);
    for (range, expected) in [
        ("bytes=9000000-9000099", &bytes[9_000_000..9_000_100]),
        ("bytes=19999990-", &bytes[19_999_990..]),
        ("bytes=-5", &bytes[19_999_995..]),
    ] {
        let part = ask(&server, "GET", &path).token(&token);
        let (status, head, part) = part.header("Range", range).send_for_bytes();
        assert_eq!((status, &part[..]), (206, expected), "{range}: {head}");
        let told = "content-range: bytes ";
        assert!(head.contains(told), "{head}");
    }
    let beyond = ask(&server, "GET", &path).token(&token);
    assert_eq!(beyond.header("Range", "bytes=20000000-").send().status, 416);
    // The same again is the same object, until nobody has it.
    let again = send(&server, &token, &bytes);
    assert_eq!(store.count(), 1);
    ask(&server, "DELETE", &path).token(&token).get(204);
    assert_eq!(store.count(), 1);
    ask(&server, "DELETE", &again).token(&token).get(204);
    assert_eq!(store.count(), 0);
}

#[test]
fn a_server_that_is_given_a_bucket_moves_its_contents_there() {
    let server = Server::start();
    let token = newcomer(&server, "alice").access_token;
    let mut png = std::io::Cursor::new(Vec::new());
    let picture = image::RgbImage::from_pixel(400, 400, image::Rgb([0, 90, 0]));
    picture.write_to(&mut png, image::ImageFormat::Png).unwrap();
    let png = png.into_inner();
    let path = send(&server, &token, &png);
    assert_eq!(here(&server), 1);
    server.signal("TERM");
    let (_, _, folder) = server.wait();
    let store = ObjectStore::start();
    let server = store.server(folder, &[]);
    let begin = Instant::now();
    while here(&server) > 0 {
        assert!(
            begin.elapsed() < PATIENCE,
            "the contents stay where they are"
        );
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(store.count(), 1);
    let token = log_in(&server, "alice").tokens.unwrap().access_token;
    let whole = ask(&server, "GET", &path).token(&token).send_for_bytes();
    assert_eq!((whole.0, whole.2 == png), (200, true), "{}", whole.1);
    let small = ask(&server, "GET", &format!("{path}/thumbnail")).token(&token);
    assert_eq!(small.send_for_bytes().0, 200);
}

#[test]
fn servers_on_one_database_share_the_bucket() {
    let store = ObjectStore::start();
    let database = Cluster::shared().unwrap().database().unwrap();
    let url = database.url();
    let on = || store.server(tempfile::tempdir().unwrap(), &["--database", &url]);
    let [first, second] = [on(), on()];
    let token = newcomer(&first, "alice").access_token;
    let path = send(&first, &token, b"for all of us");
    let read = ask(&second, "GET", &path).token(&token).send_for_bytes();
    assert_eq!((read.0, &read.2[..]), (200, &b"for all of us"[..]));
    // Begun at the one, finished at the other.
    let begun = ask(&first, "POST", "/api/v1/files").token(&token);
    let begun = begun.header("Upload-Length", "5").get(201);
    let path = format!("/api/v1/files/{}", begun["id"].as_str().unwrap());
    let part = ask(&first, "PATCH", &path).token(&token);
    let part = part.header("Upload-Offset", "0");
    part.body("application/offset+octet-stream", b"ab").get(204);
    let elsewhere = ask(&second, "PATCH", &path).token(&token);
    let elsewhere = elsewhere.header("Upload-Offset", "2");
    let elsewhere = elsewhere
        .body("application/offset+octet-stream", b"cde")
        .send();
    assert_eq!(elsewhere.status, 409);
    let anew = ask(&second, "PATCH", &path).token(&token);
    let anew = anew.header("Upload-Offset", "0");
    anew.body("application/offset+octet-stream", b"abcde")
        .get(204);
    let read = ask(&first, "GET", &path).token(&token).send_for_bytes();
    assert_eq!((read.0, &read.2[..]), (200, &b"abcde"[..]));
    // Removed at one, it is gone at the other.
    ask(&second, "DELETE", &path).token(&token).get(204);
    assert_eq!(ask(&first, "GET", &path).token(&token).send().status, 404);
    assert_eq!(store.count(), 1);
}

#[test]
fn a_store_that_does_not_answer_loses_no_upload() {
    let store = ObjectStore::start();
    let server = store.server(tempfile::tempdir().unwrap(), &[]);
    let token = newcomer(&server, "alice").access_token;
    let begun = ask(&server, "POST", "/api/v1/files").token(&token);
    let begun = begun.header("Upload-Length", "5").get(201);
    let path = format!("/api/v1/files/{}", begun["id"].as_str().unwrap());
    drop(store);
    let sent = ask(&server, "PATCH", &path).token(&token);
    let sent = sent.header("Upload-Offset", "0");
    let sent = sent
        .body("application/offset+octet-stream", b"abcde")
        .send();
    assert_eq!(sent.status, 500, "{sent:?}");
    let upload = begun["id"].as_str().unwrap();
    let kept = std::fs::read(server.data().join("uploads").join(upload)).unwrap();
    assert_eq!(kept, b"abcde");
}
