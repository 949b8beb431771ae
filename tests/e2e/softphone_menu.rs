//! The menus of the softphone, driven through their standard input: coming in, writing, files, and one's profile.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Instant;

use end_to_end::{Account, Noise, Server, ServerOptions, binary};

use crate::softphone_messages::{SOON, run, texts};

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
    menu.see("softphone");
    menu.answer(&["0", "0"]);
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
