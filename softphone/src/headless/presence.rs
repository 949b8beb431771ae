//! `presence`: what one tells about oneself, and how others are.

use std::collections::BTreeMap;
use std::io::Write;

use api::{AccountId, ChosenState, PresenceChange, PresenceView, Visibility};
use serde_json::{Value, json};

use super::runner::{Happening, Outcome, Runner};
use crate::cli::PresenceVerb;
use crate::engine::{Notice, Problem, Registration};
use crate::web::{Errand, Reply};

pub(super) async fn run<W: Write>(
    runner: &mut Runner<'_, W>,
    verb: PresenceVerb,
) -> Result<Outcome, Problem> {
    if let Err(signal) = runner.registered().await? {
        return Ok(Outcome::Interrupted(signal));
    }
    let errand = match verb {
        PresenceVerb::Show => Errand::OwnPresence,
        PresenceVerb::Set {
            state,
            note,
            visibility,
        } => Errand::SetPresence(change(&state, note, visibility.as_deref())?),
        PresenceVerb::List => Errand::Presences,
        PresenceVerb::Watch => return watch(runner).await,
    };
    let names = match &errand {
        Errand::Presences => names(runner).await?,
        _ => Names::default(),
    };
    match runner.errand(errand).await? {
        Ok(Reply::OwnPresence(own)) => runner.tell("own_presence", json!(own)),
        Ok(Reply::Presences(people)) => {
            for person in &people {
                names.tell(runner, person);
            }
        }
        Ok(_) => {}
        Err(signal) => return Ok(Outcome::Interrupted(signal)),
    }
    Ok(Outcome::Done)
}

/// Stays and prints how people are whenever that changes.
async fn watch<W: Write>(runner: &mut Runner<'_, W>) -> Result<Outcome, Problem> {
    let names = names(runner).await?;
    // What changes while all are asked after is told too.
    match runner.errand(Errand::Presences).await? {
        Ok(Reply::Presences(people)) => {
            for person in &people {
                names.tell(runner, person);
            }
        }
        Ok(_) => {}
        Err(_) => return Ok(Outcome::Done),
    }
    loop {
        match runner.next(None).await? {
            Happening::Notice(Notice::Presences(people)) => {
                for person in &people {
                    names.tell(runner, person);
                }
            }
            Happening::Notice(Notice::Registration(Registration::Failed(problem))) => {
                return Err(problem);
            }
            Happening::Signal(_) => return Ok(Outcome::Done),
            Happening::Notice(_) | Happening::Deadline => {}
        }
    }
}

/// Whose account is whose.
#[derive(Default)]
struct Names(BTreeMap<AccountId, (String, String)>);

async fn names<W: Write>(runner: &mut Runner<'_, W>) -> Result<Names, Problem> {
    let query = String::new();
    let Ok(Reply::Directory(people)) = runner.errand(Errand::Directory { query }).await? else {
        return Ok(Names::default());
    };
    let people = people.into_iter();
    Ok(Names(
        people
            .map(|person| {
                let number = person.number.as_str().to_owned();
                (person.account, (person.name, number))
            })
            .collect(),
    ))
}

impl Names {
    fn tell<W: Write>(&self, runner: &mut Runner<'_, W>, person: &PresenceView) {
        let mut fields = json!(person);
        let known = self.0.get(&person.account);
        if let Value::Object(fields) = &mut fields {
            fields.insert("who".into(), json!(known.map(|(name, _)| name)));
            fields.insert("number".into(), json!(known.map(|(_, number)| number)));
        }
        runner.tell("presence", fields);
    }
}

fn change(
    state: &str,
    note: Option<String>,
    visibility: Option<&str>,
) -> Result<PresenceChange, Problem> {
    let wrong = |what: &str| Problem {
        code: "bad-presence",
        sentence: format!("“{what}” is nothing that can be told about oneself; see --help."),
    };
    let state = ChosenState::parse(state).ok_or_else(|| wrong(state))?;
    let visibility = match visibility {
        Some(text) => Some(Visibility::parse(text).ok_or_else(|| wrong(text))?),
        None => None,
    };
    Ok(PresenceChange {
        state: Some(state),
        note,
        visibility,
    })
}
