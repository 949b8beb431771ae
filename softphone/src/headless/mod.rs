//! The softphone without a window, for scripts: one verb a run, one JSON object a line on stdout.
//!
//! | event | fields beside `event` and `at` |
//! |---|---|
//! | `registered` | `number`, `transport`: `udp`, `tcp` or `tls` |
//! | `incoming` | `call`, `from`, `display_name` |
//! | `calling` | `call`, `target` |
//! | `ringing` | `call` |
//! | `answered` | `call`, `codec`, `encrypted`, `encryption`: `between-phones`, `to-server` or `none` |
//! | `encryption` | `call`, `encrypted`, `encryption`: the other side has changed |
//! | `hold` | `call`, `by_us`, `by_them` |
//! | `muted` | `call`, `on` |
//! | `digit` | `call`, `digit`: the other side has pressed a key |
//! | `transfer` | `call`, `state`: `asked`, `ringing`, `done` or `failed`, `sentence` |
//! | `told` | `from`, `text`: the server's own word, such as the slot in which a call was parked |
//! | `redirected` | `call`, `to`: the number that was dialled has moved there, and that one rings |
//! | `reconnecting`, `reconnected` | `call`: the way to the server was lost, and is there again; the call goes on |
//! | `audio_in`, `audio_out` | `device`; `at` is when the first sample was captured or played |
//! | `heard` | `call`, `level_dbfs`, twice a second |
//! | `ended` | `call`, `reason`, `sentence`, `seconds`, `sent`, `received`, `lost`, `jitter_millis`, `mos` |
//! | `number_changed` | `old`, `new`; a call that goes on is not touched |
//! | `account` | `id`, `name`, `display_name`, `number` |
//! | `free_numbers`, `alternatives` | `numbers`, the nearest first |
//! | `device`, `session`, `contact`, `person` | one line of a list |
//! | `voicemail` | `new`, `old`: how many messages of callers there are |
//! | `message_left` | `id`, `who`, `number`, `left_at`, `seconds`, `is_heard`: one line of `voicemails list` |
//! | `playing` | `id`, `seconds` |
//! | `conversations` | `is_connected` |
//! | `message`, `past_message` | news, and a line of `history`: `room`, `sequence`, `id`, `from`, `name`, `sent`, `kind`, and for a `text` `text`, `reply_to`; `path`: `server` or `direct`, from device to device, and then without a `sequence`, and with `refused`, a sentence, if the server does not take it |
//! | `path` | `room`, `path`: which way what is written in a conversation of two goes from now on |
//! | `stored`, `refused` | `id`, `room`, `sequence`; `id`, `sentence`: what became of one's own message |
//! | `uploading`, `sending` | one's own file: `id`, `name`, `bytes`, `sha256` once it was measured; `id`, `sent`, `bytes` while it goes out |
//! | `fetching`, `fetched` | `file`, `fetched`, `bytes`; `file`, `path` |
//! | `spoken` | `seconds`, `waveform`: a voice note, before it is sent |
//! | `waiting` | one line of `file waiting`: `id`, `name`, `bytes`, `is_refused`, `sentence` |
//! | `delivered`, `read` | `room`, `account`, `sequence`: how far somebody has come; or `id` and `path`: another device has one's message |
//! | `typing`, `room_gone` | `room`, `account`, `is_typing`; `room` |
//! | `room` | `room`, `kind`, `name`, `unread`, `last_sequence`, `participants` |
//! | `call_back` | `id`, `number`, `name`, `dialled`, `seconds_left`, `is_under_way` |
//! | `past_call` | `id`, `direction`, `who`, `number`, `dialled`, `started_at`, `seconds` (`null`: not answered), `cause`, `hung_up_by`: `us`, `them` or `server`, `codec`, `encrypted`, `heard` and `they_heard`: `lost`, `jitter_millis`, `round_trip_millis`, `mos` |
//! | `presence` | `who`, `number`, `account`, `state`, `note`, `since`, `last_seen` |
//! | `own_presence` | `state`, `note`, `visibility`, `since` |
//! | `call_settings` | as the server has them: `do_not_disturb`, `forward_always`, … |
//! | `live_room` | `name`, `host`, `members`: one line of `rooms live list` |
//! | `joined`, `left` | a live room: `room`, `name`, `host`, `timeout_seconds` |
//! | `notice`, `room_ended` | what happened in a live room: `about`, `sentence` |
//! | `done` | the verb did what it should, and there is nothing to tell |
//! | `unknown_certificate` | `server`, `sha256`: what `--server-fingerprint` would have to be |
//! | `error` | `code`, `sentence` |
//!
//! With `--commands` each line of stdin is an order: `call TARGET`, `answer`, `decline`, `hangup`, `hold`, `resume`, `mute`,
//! `unmute`, `digits 123#`, `transfer TARGET` (without asking there), `transfer-to CALL` (joins the two), `park`,
//! `message TARGET TEXT`, `file TARGET PATH`, `save MESSAGE FOLDER`, `edit MESSAGE TEXT`, `delete MESSAGE`,
//! `react MESSAGE EMOJI`, `look TARGET`; `retry MESSAGE` and `discard MESSAGE` for what the server does not take;
//! `speak TARGET` begins a voice note, and `spoken`, or the end of the file that is spoken, ends and sends it. Those for calls
//! take a call's number; without one they mean the call that is spoken in, or that rings. Calls that come during a call then
//! ring.
//!
//! The exit code is 0 when the verb did what it should, 1 after an `error` that ended it, 2 for a wrong command line, 130
//! after SIGINT and 143 after SIGTERM; `watch`, which only a signal can end, then ends with 0.

mod answer;
mod call;
mod call_settings;
mod calls;
mod errands;
mod files;
mod lines;
mod live;
mod messages;
mod orders;
mod password_file;
mod presence;
mod register;
mod runner;
mod voice_notes;
mod voicemails;
mod watch;

use std::io;
use std::process::ExitCode;

use crate::cli::{HeadlessArguments, Keys, RoomsVerb, Verb};
use crate::engine::{Command, Digit, Engine, EngineConfig, Problem, check_devices};
use crate::keep::{Keep, SignIn};
use crate::web::ServerAddress;
pub(crate) use errands::picture;
use lines::Lines;
pub(crate) use messages::addressee;
pub(crate) use orders::{digits, lines_of_stdin};
use runner::{Outcome, Runner};

/// Runs one verb and says how it went.
#[must_use]
pub fn run(arguments: HeadlessArguments) -> ExitCode {
    let mut lines = Lines::new(io::stdout());
    let outcome = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Problem {
            code: "no-runtime",
            sentence: format!(
                "The softphone cannot start ({error}); close other programs and try again."
            ),
        })
        .and_then(|runtime| runtime.block_on(perform(arguments, &mut lines)));
    match outcome {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::Interrupted(signal)) => ExitCode::from(signal.exit_code()),
        Err(problem) => {
            eprintln!("softphone: {}", problem.sentence);
            lines.problem(&problem);
            ExitCode::FAILURE
        }
    }
}

async fn perform<W: io::Write>(
    arguments: HeadlessArguments,
    lines: &mut Lines<W>,
) -> Result<Outcome, Problem> {
    if let Verb::Rooms {
        verb: RoomsVerb::Live { verb },
    } = arguments.verb
    {
        let place = arguments.live_rooms.ok_or_else(|| Problem {
            code: "no-live-rooms",
            sentence: "Where are the live rooms? Add --live-rooms HOST:PORT before the verb."
                .into(),
        })?;
        return live::run(verb, &place, lines).await;
    }
    let mut config = arguments.engine.config();
    if let Some(folder) = &arguments.keep {
        config.keep = Keep::at(folder.clone());
    }
    // Without orders nobody could answer a second call.
    config.call_waiting = arguments.commands;
    // What is over in a moment is not worth a connection of its own.
    config.peer_to_peer.is_on &= arguments.commands || matches!(arguments.verb, Verb::Watch);
    let entrance = entrance(&arguments, &config.keep)?;
    match &arguments.verb {
        Verb::Watch if arguments.commands => check_devices(&config)?,
        // These make no sound, so no device has to be there.
        Verb::Register
        | Verb::Watch
        | Verb::Number { .. }
        | Verb::Account { .. }
        | Verb::Contacts { .. }
        | Verb::Presence { .. }
        | Verb::CallSettings { .. }
        | Verb::CallBack { .. }
        | Verb::Calls { .. }
        | Verb::Message { .. }
        | Verb::History { .. }
        | Verb::File { .. }
        | Verb::Rooms { .. }
        | Verb::SignOut => {
            config = silent(config);
        }
        Verb::Voicemails { verb } if !voicemails::makes_sound(verb) => {
            config = silent(config);
        }
        Verb::VoiceNote { verb } => {
            config = voice_notes::with_sound(config, verb);
            check_devices(&config)?;
        }
        Verb::Call { .. } | Verb::Answer { .. } | Verb::Voicemails { .. } => {
            check_devices(&config)?
        }
    }
    let engine = Engine::start(config, None).map_err(|error| Problem {
        code: "no-thread",
        sentence: crate::engine::sentence(&error),
    })?;
    let mut runner = Runner::new(engine, lines)?;
    if arguments.commands {
        runner.take_orders()?;
    }
    runner.send(entrance)?;
    let outcome = match arguments.verb {
        Verb::Register => register::run(&mut runner).await,
        Verb::Call {
            target,
            lasting,
            digits,
        } => call::run(&mut runner, target, lasting, &pressed(digits)).await,
        Verb::Answer { lasting, digits } => {
            answer::run(&mut runner, lasting, &pressed(digits)).await
        }
        Verb::Watch => watch::run(&mut runner).await,
        Verb::Number { verb } => errands::number(&mut runner, verb).await,
        Verb::Account { verb } => errands::account(&mut runner, verb).await,
        Verb::Contacts { verb } => errands::contacts(&mut runner, verb).await,
        Verb::CallSettings { verb } => call_settings::run(&mut runner, verb).await,
        Verb::Calls { limit } => calls::run(&mut runner, limit).await,
        Verb::CallBack { verb } => errands::call_back(&mut runner, verb).await,
        Verb::Message { target, text } => messages::message(&mut runner, &target, text).await,
        Verb::History { target, limit } => messages::history(&mut runner, &target, limit).await,
        Verb::File { verb } => files::run(&mut runner, verb).await,
        Verb::VoiceNote { verb } => voice_notes::run(&mut runner, verb).await,
        Verb::Rooms { verb } => messages::rooms(&mut runner, verb).await,
        Verb::Voicemails { verb } => voicemails::run(&mut runner, verb).await,
        Verb::Presence { verb } => presence::run(&mut runner, verb).await,
        Verb::SignOut => errands::sign_out(&mut runner).await,
    };
    runner.stop().await;
    outcome
}

/// The same without devices.
fn silent(config: EngineConfig) -> EngineConfig {
    EngineConfig {
        audio_in: "silence".into(),
        audio_out: "null".into(),
        ..config
    }
}

fn pressed(keys: Option<Keys>) -> Vec<Digit> {
    keys.map(|keys| keys.0).unwrap_or_default()
}

/// How to come in: with what is kept, if it is of the same server and person, else anew.
fn entrance(arguments: &HeadlessArguments, keep: &Keep) -> Result<Command, Problem> {
    let origin = match &arguments.server {
        Some(server) => {
            let address = ServerAddress::parse(server, arguments.engine.allow_plain)?;
            Some(address.origin())
        }
        None => None,
    };
    let is_meant = |kept: &SignIn| {
        let same_server = origin.as_ref().is_none_or(|origin| *origin == kept.server);
        let name = kept.answer.account.name.as_str();
        let same_person = match &arguments.login {
            Some(login) => login.eq_ignore_ascii_case(name),
            // A guest who has become a person since is still the one who came as a guest.
            None => true,
        };
        same_server && same_person
    };
    if keep.sign_in().as_ref().is_some_and(is_meant) {
        return Ok(Command::Resume);
    }
    let missing = || {
        Problem {
        code: "nothing-kept",
        sentence: "There is no sign-in to go on with; add --server with --login and --password-file, or with --guest.".into(),
    }
    };
    let server = arguments.server.clone().ok_or_else(missing)?;
    match (&arguments.login, &arguments.password_file) {
        (Some(name), Some(file)) => Ok(Command::SignIn {
            server,
            name: name.clone(),
            password: password_file::read(file)?,
        }),
        _ if arguments.guest => Ok(Command::SignInAsGuest {
            server,
            display_name: arguments.display_name.clone(),
        }),
        _ => Err(missing()),
    }
}
