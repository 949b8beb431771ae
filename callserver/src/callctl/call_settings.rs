//! `callctl accounts settings`: how calls to somebody are treated.

use api::{CallSettings, RingOrder};
use clap::{Args, ValueEnum};

use super::CallctlError;
use super::console::Console;
use super::page::or_dash;
use crate::control::{CallSettingsCommand, CallSettingsWish, Command};

/// Whose, and what is to be another way. Without any option they are shown.
#[derive(Debug, Args)]
#[command(after_long_help = SETTINGS)]
pub struct CallSettingsOptions {
    /// The username, or the name of a ring group.
    name: String,
    /// Let no phone ring.
    #[arg(long, value_name = "ON|OFF")]
    dnd: Option<Switch>,
    /// Where every call goes instead: a number, a username, or off.
    #[arg(long, value_name = "TO")]
    forward_always: Option<String>,
    /// Where calls go while one is in a call, or does not want to be disturbed.
    #[arg(long, value_name = "TO")]
    forward_busy: Option<String>,
    /// Where calls go that nobody answers.
    #[arg(long, value_name = "TO")]
    forward_no_answer: Option<String>,
    /// After how many seconds they do.
    #[arg(long, value_name = "N")]
    no_answer_seconds: Option<u16>,
    /// Where calls go when no phone can be reached.
    #[arg(long, value_name = "TO")]
    forward_unreachable: Option<String>,
    /// In which order the phones ring.
    #[arg(long, value_name = "ORDER")]
    ring: Option<Order>,
    /// The logins of the phones that ring first, if one after another; the others come behind them.
    #[arg(long, value_name = "LOGIN,…", value_delimiter = ',')]
    ring_first: Option<Vec<String>>,
    /// For how many seconds each phone rings, if one after another.
    #[arg(long, value_name = "N")]
    ring_seconds: Option<u16>,
    /// Whether a further call rings while one is in a call.
    #[arg(long, value_name = "ON|OFF")]
    call_waiting: Option<Switch>,
    /// In how many calls at once one wants to be at most; 0 for as many as come.
    #[arg(long, value_name = "N")]
    max_calls: Option<u16>,
    /// Refuse callers who hide who they are.
    #[arg(long, value_name = "ON|OFF")]
    refuse_anonymous: Option<Switch>,
    /// Whether callers can leave a message when nobody answers.
    #[arg(long, value_name = "ON|OFF")]
    voicemail: Option<Switch>,
    /// After how many seconds they can.
    #[arg(long, value_name = "N")]
    voicemail_seconds: Option<u16>,
}

/// On or off.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum Switch {
    /// Yes.
    On,
    /// No.
    Off,
}

/// In which order phones ring.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum Order {
    /// All of them.
    AtOnce,
    /// One after another.
    InOrder,
}

const SETTINGS: &str = "\
Examples:
  callctl accounts settings amina
  callctl accounts settings amina --forward-no-answer 1005 --no-answer-seconds 15
  callctl accounts settings amina --forward-always off --dnd on
  callctl accounts settings amina --voicemail on --voicemail-seconds 20

With --json: {do_not_disturb, forward_always, forward_busy, forward_no_answer, no_answer_seconds, forward_unreachable, ring,
ring_first, ring_seconds, call_waiting, max_calls, refuse_anonymous, voicemail: {is_on, after_seconds}}";

impl From<Order> for RingOrder {
    fn from(order: Order) -> Self {
        match order {
            Order::AtOnce => Self::AtOnce,
            Order::InOrder => Self::InOrder,
        }
    }
}

impl CallSettingsOptions {
    pub(super) async fn run(self, console: &mut Console<'_>) -> Result<(), CallctlError> {
        let name = self.name.clone();
        let wish = self.wish();
        let is_question = wish == CallSettingsWish::default();
        let command = match is_question {
            true => CallSettingsCommand::Show { name: name.clone() },
            false => CallSettingsCommand::Change {
                name: name.clone(),
                wish: Box::new(wish),
            },
        };
        let answer = console.answer(Command::CallSettings(command)).await?;
        let Some(settings) = answer else {
            return Ok(());
        };
        if !is_question {
            let subject = format!("What calls to {name} come to");
            console.page.done(&subject, "changed")?;
        }
        print(settings, console)
    }

    fn wish(self) -> CallSettingsWish {
        let is_on = |switch: Option<Switch>| switch.map(|switch| switch == Switch::On);
        let forward = |to: Option<String>| match to {
            Some(to) if to == "off" => Some(String::new()),
            to => to,
        };
        CallSettingsWish {
            do_not_disturb: is_on(self.dnd),
            forward_always: forward(self.forward_always),
            forward_busy: forward(self.forward_busy),
            forward_no_answer: forward(self.forward_no_answer),
            no_answer_seconds: self.no_answer_seconds,
            forward_unreachable: forward(self.forward_unreachable),
            ring: self.ring.map(RingOrder::from),
            ring_first: self.ring_first,
            ring_seconds: self.ring_seconds,
            call_waiting: is_on(self.call_waiting),
            max_calls: self.max_calls,
            refuse_anonymous: is_on(self.refuse_anonymous),
            voicemail: is_on(self.voicemail),
            voicemail_seconds: self.voicemail_seconds,
        }
    }
}

fn print(settings: CallSettings, console: &mut Console<'_>) -> Result<(), CallctlError> {
    let is_on = |is_on: bool| if is_on { "on" } else { "off" }.to_owned();
    let ring = match settings.ring {
        RingOrder::AtOnce => "at once".to_owned(),
        RingOrder::InOrder => format!("in order, {} s each", settings.ring_seconds),
    };
    let no_answer = settings.forward_no_answer;
    let no_answer = no_answer.map(|to| format!("{to} after {} s", settings.no_answer_seconds));
    let voicemail = match settings.voicemail.is_on {
        true => format!("on, after {} s", settings.voicemail.after_seconds),
        false => "off".to_owned(),
    };
    let mut rows = vec![
        ("do not disturb", is_on(settings.do_not_disturb)),
        ("forward always", or_dash(settings.forward_always)),
        ("forward busy", or_dash(settings.forward_busy)),
        ("forward no answer", or_dash(no_answer)),
        ("forward unreachable", or_dash(settings.forward_unreachable)),
        ("ring", ring),
    ];
    if !settings.ring_first.is_empty() {
        rows.push(("ring first", settings.ring_first.join(", ")));
    }
    let most = settings.max_calls.map(|most| most.to_string());
    rows.extend([
        ("call waiting", is_on(settings.call_waiting)),
        ("most calls", or_dash(most)),
        ("refuse anonymous", is_on(settings.refuse_anonymous)),
        ("voicemail", voicemail),
    ]);
    Ok(console.page.properties(&rows)?)
}
