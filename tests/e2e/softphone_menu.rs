//! The menus of the softphone, driven through their standard input: coming in, writing, files, and one's profile.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Instant;

use end_to_end::{Account, HttpClient, Noise, Server, ServerOptions, binary};

use crate::softphone_messages::{SOON, run, start, texts};

/// The menus, with a person's answers going in at one pipe and what is shown coming out at the other.
struct Menu {
    child: Child,
    answers: ChildStdin,
    shown: Receiver<u8>,
    all: String,
}

impl Menu {
    fn start(server: &Server, folder: &Path) -> Self {
        Self::start_with(folder, &["--server", &server.url()])
    }

    fn start_with(folder: &Path, arguments: &[&str]) -> Self {
        let mut child = Command::new(binary("softphone").unwrap())
            .args(["menu", "--keep"])
            .arg(folder)
            .args(arguments)
            .env("HOME", folder)
            .env("XDG_CONFIG_HOME", folder.join("config"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (sender, shown) = channel();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || {
            let mut byte = [0];
            while let Ok(1) = out.read(&mut byte) {
                if sender.send(byte[0]).is_err() {
                    return;
                }
            }
            let _ = out.fill_buf();
        });
        Self {
            answers: child.stdin.take().unwrap(),
            child,
            shown,
            all: String::new(),
        }
    }

    /// Waits until this is shown, and nothing behind it is lost.
    fn see(&mut self, text: &str) {
        let end = Instant::now() + SOON;
        let mut bytes = Vec::new();
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let byte = self.shown.recv_timeout(left);
            let byte = byte.unwrap_or_else(|_| panic!("no “{text}” in:\n{}", self.all));
            bytes.push(byte);
            if let Ok(new) = std::str::from_utf8(&bytes) {
                self.all.push_str(new);
                bytes.clear();
            }
            if self.all.ends_with(text) {
                return;
            }
        }
    }

    fn answer(&mut self, lines: &[&str]) {
        for line in lines {
            writeln!(self.answers, "{line}").unwrap();
        }
    }
}

impl Drop for Menu {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn the_menus_sign_in_write_read_change_delete_and_show_the_profile() {
    let server = Server::start().unwrap();
    let ann = server.add_account("ann", "1001").unwrap();
    let bob = server.add_account("bob", "1002").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut menu = Menu::start(&server, folder.path());
    menu.see("Make an account");
    menu.answer(&["1", &ann.name, &ann.password]);
    menu.see("ann (1001)");
    menu.answer(&["2", "bob", "Helo from the terminal"]);
    menu.see("✓ sent");
    menu.answer(&["/edit Hello from the terminal"]);
    menu.see("✓ sent");
    let history = run(&server, &bob, &["history", "ann"]);
    assert_eq!(texts(&history), ["Hello from the terminal"]);
    run(&server, &bob, &["message", "ann", "Hello terminal"]);
    menu.see("bob: Hello terminal");
    menu.answer(&["/delete"]);
    menu.see("✓ sent");
    menu.answer(&["/more"]);
    menu.see("(deleted)");
    menu.answer(&["/forget", "yes"]);
    menu.see("Your copy is deleted");
    // The others keep theirs.
    let history = run(&server, &bob, &["history", "ann"]);
    assert_eq!(texts(&history), ["Hello terminal"]);
    menu.answer(&["4", "1", "annabel"]);
    menu.see("You sign in with it from now on.");
    menu.see("name annabel, number 1001");
    menu.answer(&["0", "5"]);
    menu.see("Signed out.");
    menu.answer(&["0"]);
    assert!(menu.child.wait().unwrap().success());
}

#[test]
fn the_menus_make_an_account_send_and_save_files_and_change_the_profile() {
    let options = ServerOptions {
        settings: "[accounts]\nsign_up = \"open\"\n".into(),
        ..ServerOptions::default()
    };
    let server = Server::start_with(options).unwrap();
    let bob = server.add_account("bob", "1002").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut menu = Menu::start(&server, folder.path());
    menu.see("Make an account");
    let password = "correct horse battery staple";
    menu.answer(&["2", "cara", password, "Cara", ""]);
    menu.see("Leave, and stay signed in");
    // A file that is there, and one that is not.
    let path = folder.path().join("plan.bin");
    let content = Noise::new(3).bytes(3_000_000);
    fs::write(&path, &content).unwrap();
    menu.answer(&["2", "bob", "/file /no/such/file"]);
    menu.see("cannot be read");
    menu.answer(&[&format!("/file {}", path.display())]);
    menu.see("✓ sent plan.bin");
    let cara = Account {
        name: "cara".into(),
        password: password.into(),
        number: String::new(),
    };
    let sent = run(
        &server,
        &bob,
        &["file", "send", "cara", path.to_str().unwrap()],
    );
    assert!(sent.event("stored").is_ok());
    menu.see("(file) plan.bin");
    menu.answer(&["/save plan"]);
    menu.see("Saved as ");
    // The one in this folder stays as it is.
    menu.see("plan (2).bin\n");
    let saved = menu.all.lines().rev().find_map(|line| {
        line.strip_prefix("> Saved as ")
            .or(line.strip_prefix("Saved as "))
    });
    assert!(fs::read(saved.unwrap()).unwrap() == content, "{saved:?}");
    menu.answer(&["/back"]);
    menu.see("Leave, and stay signed in");

    menu.answer(&["4", "2"]);
    menu.see("The number from now on:");
    menu.answer(&["1077"]);
    menu.see("It is yours");
    let new_password = "another horse battery staple";
    menu.answer(&["3", password, new_password]);
    menu.see("other sign-ins have ended");
    menu.answer(&["4"]);
    menu.see("this one");
    menu.answer(&["0", "0", "0"]);
    assert!(menu.child.wait().unwrap().success());
    let cara = Account {
        password: new_password.into(),
        ..cara
    };
    let shown = run(&server, &cara, &["number", "show"]);
    assert_eq!(shown.event("account").unwrap().text("number"), "1077");

    // Who has left comes back without a password.
    let mut menu = Menu::start_with(folder.path(), &[]);
    menu.see("Leave, and stay signed in");
    menu.answer(&["1"]);
    menu.see("1  bob");
    menu.answer(&["1"]);
    menu.see("(file) plan.bin");
}

#[test]
fn the_menus_change_what_others_see_take_devices_away_and_delete_the_account() {
    let server = Server::start().unwrap();
    let ann = server.add_account("ann", "1001").unwrap();
    let bob = server.add_account("bob", "1002").unwrap();
    let desk_phone = server.add_device(&ann).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut menu = Menu::start(&server, folder.path());
    menu.see("Make an account");
    menu.answer(&["1", &ann.name, &ann.password]);
    menu.see("ann (1001)");
    menu.answer(&["2", "bob", "Keep this"]);
    menu.see("✓ sent");
    menu.answer(&["/back"]);
    menu.see("Leave, and stay signed in");
    menu.answer(&["4", "5", "Ann Other"]);
    menu.see("Others see it from now on.");
    menu.see("Ann Other: name ann, number 1001");

    let picture = folder.path().join("ann.png");
    let png = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\0\x10\0\0\0\x10rest";
    fs::write(&picture, png).unwrap();
    menu.answer(&["6", "1", "/no/such/file"]);
    menu.see("cannot be read");
    fs::write(folder.path().join("no-picture"), "words").unwrap();
    let wrong = folder.path().join("no-picture");
    menu.answer(&["6", "1", wrong.to_str().unwrap()]);
    menu.see("this is none of them.");
    menu.answer(&["6", "1", picture.to_str().unwrap()]);
    menu.see("Others see it from now on.");
    let token = server.access_token(&ann).unwrap();
    let mut http = HttpClient::new(server.ready().http).with_token(token);
    let (status, me) = http.send("GET", "/api/v1/me", None).unwrap();
    assert_eq!((status, &me["has_picture"]), (200, &true.into()));
    assert_eq!(me["display_name"], "Ann Other");
    menu.answer(&["6", "2"]);
    menu.see("It is gone.");

    menu.answer(&["7", "1", "2"]);
    menu.see("You are: Away. Seen by: Everybody");
    menu.answer(&["2", "at lunch"]);
    menu.see("You are: Away (“at lunch”)");
    menu.answer(&["3", "2"]);
    menu.see("Seen by: My contacts");
    menu.answer(&["0"]);

    // The one of the desk phone is the oldest.
    menu.answer(&["4"]);
    menu.see(&format!("1  {}  desk phone", desk_phone.login));
    menu.answer(&["1", "no", "1", "yes"]);
    menu.see("It cannot register any more.");
    menu.answer(&["1"]);
    menu.see("sign out instead.");
    menu.answer(&["0", "8"]);
    menu.see("2  browser");
    menu.answer(&["2", "yes"]);
    menu.see("It has ended");
    let (status, _) = http.send("GET", "/api/v1/me", None).unwrap();
    assert_eq!(status, 401);
    menu.answer(&["0"]);

    menu.answer(&["9", "anne"]);
    menu.see("Nothing was deleted.");
    menu.answer(&["9", "ann", "not the password"]);
    menu.see("The present password is another one");
    menu.answer(&["9", "ann", &ann.password]);
    menu.see("Your account is deleted.");
    menu.see("Make an account");
    menu.answer(&["0"]);
    assert!(menu.child.wait().unwrap().success());
    for name in ["sign-in.json", "contacts.json"] {
        assert!(!folder.path().join(name).exists(), "{name}");
    }

    let gone = start(&server, &ann, &["register"]).finish(SOON).unwrap();
    assert_eq!(gone.code, Some(1));
    let resting = server.callctl(&["--json", "numbers", "list", "--state", "quarantined"]);
    assert!(resting.unwrap().contains("\"1001\""));
    // What she has said stays with Bob, under the name that she had.
    let rooms = run(&server, &bob, &["rooms", "list"]);
    let room = rooms.event("room").unwrap().text("room").to_owned();
    let history = run(&server, &bob, &["history", &room]);
    assert_eq!(texts(&history), ["Keep this"]);
    assert_eq!(history.event("past_message").unwrap().text("name"), "ann");
}

#[test]
fn a_script_changes_the_profile_and_deletes_the_account() {
    let server = Server::start().unwrap();
    let ann = server.add_account("ann", "1001").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let account = |verb: &[&str]| {
        let verb: Vec<&str> = [&["account"], verb].concat();
        run(&server, &ann, &verb)
    };
    let shown = account(&["display-name", "Ann Other"]);
    let shown = shown.event("account").unwrap();
    assert_eq!(shown.text("display_name"), "Ann Other");
    let picture = folder.path().join("ann.png");
    let png = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\0\x10\0\0\0\x10rest";
    fs::write(&picture, png).unwrap();
    assert!(
        account(&["picture", picture.to_str().unwrap()])
            .event("done")
            .is_ok()
    );
    assert!(account(&["picture", "--remove"]).event("done").is_ok());
    server.access_token(&ann).unwrap();
    let sessions = account(&["sessions"]);
    let mut others = sessions
        .events
        .iter()
        .filter(|event| event.name() == "session");
    let other = others.find(|session| !session.flag("is_this")).unwrap();
    let id = other.number("id").unwrap().to_string();
    assert!(account(&["end-session", &id]).event("done").is_ok());
    let password = folder.path().join("password");
    fs::write(&password, "not the password").unwrap();
    let delete = [
        "account",
        "delete",
        "--confirm-password-file",
        password.to_str().unwrap(),
    ];
    let refused = start(&server, &ann, &delete).finish(SOON).unwrap();
    assert_eq!(refused.code, Some(1), "{:?}", refused.events);
    fs::write(&password, &ann.password).unwrap();
    run(&server, &ann, &delete);
    let gone = start(&server, &ann, &["register"]).finish(SOON).unwrap();
    assert_eq!(gone.code, Some(1));
}
