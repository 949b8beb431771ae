//! Offers the windows of both softphones, where there is a display and somebody to ask.

use std::env;
use std::io::{self, IsTerminal, Write};
use std::process::Command;

use anyhow::Result;
use end_to_end::{Account, Server, binary};

/// Asks whether to open the windows; if so, waits until they are closed.
pub(crate) fn offer(server: &Server, accounts: &[Account]) -> Result<()> {
    let has_display = ["DISPLAY", "WAYLAND_DISPLAY"]
        .iter()
        .any(|name| env::var_os(name).is_some_and(|value| !value.is_empty()));
    if !has_display || !io::stdin().is_terminal() || !io::stdout().is_terminal() {
        return Ok(());
    }
    print!("  Open the windows of both softphones? [y/N] ");
    io::stdout().flush()?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    if !answer.trim().eq_ignore_ascii_case("y") {
        return Ok(());
    }
    println!("\n  Server and name are filled in; the passwords are");
    let folder = tempfile::tempdir()?;
    let mut windows = Vec::new();
    for account in accounts {
        println!(
            "    {} (number {}): {}",
            account.name, account.number, account.password
        );
        // Each has its own settings, and nothing of the person at this machine is touched.
        let own = folder.path().join(&account.name);
        windows.push(
            Command::new(binary("softphone")?)
                .args(["--server", &server.url(), "--login", &account.name])
                .env("XDG_CONFIG_HOME", own.join("config"))
                .env("XDG_DATA_HOME", own.join("data"))
                .env("XDG_STATE_HOME", own.join("state"))
                .spawn()?,
        );
    }
    println!("\n  The call server runs until both windows are closed.");
    for mut window in windows {
        window.wait()?;
    }
    Ok(())
}
