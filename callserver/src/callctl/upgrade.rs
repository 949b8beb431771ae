//! `callctl upgrade`: a newer program takes the server's place while people talk.

use std::path::Path;
use std::time::{Duration, Instant};

use super::CallctlError;
use super::console::Console;
use crate::DataFolder;
use crate::control::{
    Command, ControlClient, Failure, Request, StatusCommand, StatusView, UpgradeCommand,
    UpgradeView,
};

pub(super) const JSON: &str = "\
The server checks the program first: whether it is a callserver, takes the configuration, and understands what it is to go on \
with. Then it takes the server's place in the same process: ports stay open, answered calls go on, phones on TCP, TLS and \
WebSocket connect again. A call that still rings ends. If the program cannot come up, the server goes on as it was. The signal \
SIGUSR2 does the same with the file that the server was started from.

With --json: {process, from, to, program}";

/// A start takes a moment; longer than this it has not come up.
const PATIENCE: Duration = Duration::from_secs(30);

/// How often to look.
const MOMENT: Duration = Duration::from_millis(50);

pub(super) async fn run(
    binary: Option<&Path>,
    console: &mut Console<'_>,
) -> Result<(), CallctlError> {
    let socket = DataFolder::control_socket(console.data());
    let before = instance(&socket).await;
    let program = binary.map(std::path::absolute).transpose()?;
    let command = Command::Upgrade(UpgradeCommand::Begin { program });
    let answer = console.ask(command).await?;
    let view: UpgradeView = answer.read()?;
    // Only the server is asked: whoever opened the data folder meanwhile would be in its way.
    let begin = Instant::now();
    loop {
        tokio::time::sleep(MOMENT).await;
        let now = instance(&socket).await;
        if now.is_some() && now != before {
            break;
        }
        if begin.elapsed() > PATIENCE {
            let sentence = match now {
                Some(_) => "The server goes on as it was; its log says why.",
                None => "The server has not come back; its log says why.",
            };
            return Err(Failure::new("unavailable", sentence.to_owned()).into());
        }
    }
    if console.page.look().is_json {
        return Ok(console.page.line(answer.json())?);
    }
    let subject = format!("Process {} ", view.process);
    let deed = format!("is {} now, from {}", view.to, view.program.display());
    Ok(console.page.done(subject.trim_end(), &deed)?)
}

/// Which server answers at this moment, if one does.
async fn instance(socket: &Path) -> Option<String> {
    let mut client = ControlClient::connect(socket).await.ok()??;
    let request = Request {
        operator: None,
        is_rehearsal: false,
        command: Command::Status(StatusCommand::Show),
    };
    let asked = tokio::time::timeout(PATIENCE, client.perform(&request)).await;
    let status: StatusView = asked.ok()?.ok()?.read().ok()?;
    status.instance
}
