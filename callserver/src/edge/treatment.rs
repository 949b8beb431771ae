//! How somebody wants to be called, read from the database into the words of the exchange.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use api::{AccountId, RingOrder};
use sip::Text;
use switch::{Destination, Party, Reached, Ring, Treatment, Voicemail};

use crate::store::{CallSettingsRow, ReachedAccount, Store, StoreError};

/// An account that can be called, with how its owner wants that.
pub(super) async fn destination(
    store: &Store,
    row: ReachedAccount,
) -> Result<Destination, StoreError> {
    let treatment = match row.is_treated {
        true => treatment(store, row.account).await?,
        // Most accounts: they cost no further query.
        false => Treatment::default(),
    };
    Ok(Destination {
        treatment: Arc::new(treatment),
        ..untreated(row)
    })
}

async fn treatment(store: &Store, account: AccountId) -> Result<Treatment, StoreError> {
    let blocks = store.blocks(account).await?;
    let blocked_by = |owner: AccountId| {
        let of_owner = blocks.iter().filter(move |(by, _)| *by == owner);
        of_owner
            .map(|(_, whom)| switch::AccountId(whom.0))
            .collect()
    };
    let mut treatment = of_settings(store.call_settings(account).await?);
    if let Some(voicemail) = &mut treatment.voicemail {
        voicemail.is_full = store.voicemail_is_full(account).await?;
    }
    treatment.blocked = blocked_by(account);
    let groups = store.groups_of(account).await?.into_iter();
    treatment.groups = groups.map(|group| switch::AccountId(group.0)).collect();
    for member in store.ringing_members(account).await?.unwrap_or_default() {
        let own = Treatment {
            blocked: blocked_by(member.account.account),
            ..of_settings(member.treated)
        };
        treatment.members.push(Destination {
            treatment: Arc::new(own),
            ..untreated(member.account)
        });
    }
    Ok(treatment)
}

fn of_settings(row: CallSettingsRow) -> Treatment {
    let CallSettingsRow {
        settings,
        ring_first,
    } = row;
    let seconds = |seconds: u16| Duration::from_secs(seconds.into());
    let to = |to: Option<String>| to.map(Text::from);
    let no_answer = to(settings.forward_no_answer);
    Treatment {
        do_not_disturb: settings.do_not_disturb,
        forward_always: to(settings.forward_always),
        forward_busy: to(settings.forward_busy),
        forward_unreachable: to(settings.forward_unreachable),
        forward_no_answer: no_answer.map(|to| (to, seconds(settings.no_answer_seconds))),
        ring: match settings.ring {
            RingOrder::AtOnce => Ring::AtOnce,
            RingOrder::InOrder => Ring::InOrder {
                devices: ring_first
                    .into_iter()
                    .map(|device| switch::DeviceId(device.0))
                    .collect(),
                each: seconds(settings.ring_seconds),
            },
        },
        members: Vec::new(),
        blocked: BTreeSet::new(),
        groups: BTreeSet::new(),
        max_calls: match settings.call_waiting {
            true => settings.max_calls.map(usize::from),
            false => Some(1),
        },
        refuses_anonymous: settings.refuse_anonymous,
        voicemail: settings.voicemail.is_on.then(|| Voicemail {
            after: seconds(settings.voicemail.after_seconds),
            is_full: false,
        }),
    }
}

fn untreated(row: ReachedAccount) -> Destination {
    Destination {
        account: switch::AccountId(row.account.0),
        number: row.number.map(|number| String::from(number).into()),
        display_name: row.display_name.into(),
        is_guest: row.is_guest,
        treatment: Arc::default(),
        elsewhere: Vec::new(),
    }
}

/// What somebody gets to hear of where this leads: one who is blocked there, by whatever way, does not get there.
pub(super) fn for_caller(
    reached: Reached,
    caller: &Party,
    on_behalf_of: Option<switch::AccountId>,
) -> Reached {
    match reached {
        Reached::Account(to) | Reached::Forwarded { to, .. }
            if to.treatment.blocked.contains(&caller.account)
                || on_behalf_of.is_some_and(|who| to.treatment.blocked.contains(&who)) =>
        {
            Reached::Blocked(to)
        }
        reached => reached,
    }
}
