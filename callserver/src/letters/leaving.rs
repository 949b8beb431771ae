//! What is said in conversations goes to phones.

use std::collections::HashMap;
use std::time::{Duration, Instant, SystemTime};

use api::room::{Body, Receipt};
use api::{AccountId, DeviceId};
use switch::{Content, LetterEnd, Outcome, Outgoing, Party};
use tokio::sync::mpsc;

use super::carrier::{Carrier, End, Item, Wish};
use super::words::words;
use super::{Devices, Errand, OLDEST, Seen};
use crate::rooms::Rooms;
use crate::store::{LetterRow, ReportRow, StoreError, unix_millis};
use crate::times::rfc_3339;

/// So much is read for a phone at a time.
const PART: i64 = 50;

/// So many phones that have registered are asked about at a time.
const AT_ONCE: usize = 400;

/// How far phones have come is written down this often: after a crash they hear so much twice.
const NOTED_EVERY: Duration = Duration::from_millis(500);

/// Something for a phone.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Parcel {
    Letter(LetterRow, String),
    Report(ReportRow),
}

/// Brings it to them.
#[derive(Debug)]
pub(super) struct Leaving {
    rooms: Rooms,
    errands: mpsc::UnboundedSender<Errand>,
    /// The phones that understand CPIM.
    unwrapping: Devices,
    /// Those that have not answered.
    silent: Devices,
    carrier: Carrier<Parcel>,
    /// How far phones have come, as it is not written down yet.
    stamps: HashMap<DeviceId, i64>,
    /// When it will be.
    noting: Option<Instant>,
}

enum Turn {
    Seen(usize),
    Rung(Vec<AccountId>),
    Time,
}

impl Leaving {
    pub(super) fn new(
        rooms: Rooms,
        errands: mpsc::UnboundedSender<Errand>,
        (unwrapping, silent): (Devices, Devices),
    ) -> Self {
        Self {
            rooms,
            errands,
            unwrapping,
            silent,
            carrier: Carrier::default(),
            stamps: HashMap::new(),
            noting: None,
        }
    }

    /// Works until the exchange is gone.
    pub(super) async fn serve(mut self, mut seen: mpsc::UnboundedReceiver<Seen>) {
        let mut batch = Vec::new();
        let doorbell = self.rooms.doorbell().clone();
        loop {
            let due = [self.carrier.poll_timeout(), self.noting];
            let due = due.into_iter().flatten().min();
            let alarm = async {
                match due {
                    Some(due) => tokio::time::sleep_until(due.into()).await,
                    None => std::future::pending().await,
                }
            };
            let turn = tokio::select! {
                count = seen.recv_many(&mut batch, AT_ONCE) => Turn::Seen(count),
                rung = doorbell.heard() => Turn::Rung(rung),
                () = alarm => Turn::Time,
            };
            let now = Instant::now();
            match turn {
                Turn::Seen(0) => break,
                Turn::Seen(_) => {
                    let (came, reading) = self.look_at(now, &mut batch);
                    self.read_rooms(reading).await;
                    self.came(now, &came).await;
                }
                Turn::Rung(accounts) => {
                    for account in accounts {
                        self.carrier.rang(now, account);
                    }
                }
                Turn::Time => {
                    self.carrier.timeout(now);
                    if self.noting.is_some_and(|due| due <= now) {
                        self.note().await;
                    }
                }
            }
            while let Some(wish) = self.carrier.poll_wish() {
                self.fulfil(Instant::now(), wish).await;
            }
        }
        self.note().await;
    }

    /// Passes on what became of things; gives back who has registered, and who has and reads rooms by itself.
    fn look_at(&mut self, now: Instant, batch: &mut Vec<Seen>) -> (Vec<DeviceId>, Vec<DeviceId>) {
        let (mut came, mut reading) = (Vec::new(), Vec::new());
        for seen in batch.drain(..) {
            match seen {
                Seen::Came { device } => came.push(device),
                Seen::Reads { device } => reading.push(device),
                Seen::Ended { ticket, end } => {
                    let end = match end {
                        LetterEnd::Answered(status) => self.meaning_of(ticket, status),
                        LetterEnd::NoAnswer => End::Silent,
                        LetterEnd::NotHere => End::Gone,
                    };
                    let phone = self.carrier.phone_of(ticket);
                    self.carrier.ended(now, ticket, end);
                    if let Some(device) = phone.filter(|_| end == End::Silent) {
                        self.silent.set(device, self.carrier.is_resting(device));
                    }
                }
            }
        }
        for devices in [&mut came, &mut reading] {
            devices.sort_unstable();
            devices.dedup();
        }
        // One login in two phones, of which one reads by itself: the other one gets its letters.
        reading.retain(|device| !came.contains(device) && !self.carrier.has(*device));
        (came, reading)
    }

    /// Whoever has read by itself so far would hear old things again as another phone. So that one would begin anew.
    async fn read_rooms(&self, devices: Vec<DeviceId>) {
        if devices.is_empty() {
            return;
        }
        let forgotten: Result<(), StoreError> = async {
            let store = self.rooms.store();
            let begun = store.begun_letters(&devices).await?;
            if begun.is_empty() {
                return Ok(());
            }
            let mut tx = store.begin().await?;
            tx.forget_letters(&begun).await?;
            tx.commit().await
        }
        .await;
        if let Err(error) = forgotten {
            tracing::warn!(%error, "phones that read conversations by themselves are still counted among those that do not");
        }
    }

    /// What the answer of a phone means. One that has wrapped something itself may not be able to unwrap all the same.
    fn meaning_of(&self, ticket: u64, status: u16) -> End {
        let is_unknown = matches!(status, 415 | 488 | 406);
        let device = self.carrier.phone_of(ticket);
        match device.filter(|_| is_unknown) {
            Some(device) if self.unwrapping.set(device, false) => End::Again,
            _ => End::of(status),
        }
    }

    async fn came(&mut self, now: Instant, devices: &[DeviceId]) {
        if devices.is_empty() {
            return;
        }
        let phones = match self.rooms.store().letter_phones(devices).await {
            Ok(phones) => phones,
            Err(error) => {
                // They register again within the hour.
                tracing::error!(%error, "it is not known which phones take messages");
                return;
            }
        };
        let new = phones.iter().filter(|phone| phone.stamp.is_none());
        let new: Vec<DeviceId> = new.map(|phone| phone.device).collect();
        let begun = match new.is_empty() {
            true => Ok(Vec::new()),
            false => self.begin(&new).await,
        };
        let begun: HashMap<DeviceId, i64> = match begun {
            Ok(begun) => begun.into_iter().collect(),
            Err(error) => {
                tracing::error!(%error, "phones get no messages until they register again");
                HashMap::new()
            }
        };
        for phone in phones {
            let stamp = phone.stamp.or_else(|| begun.get(&phone.device).copied());
            let Some(stamp) = stamp else {
                continue;
            };
            // What it has got a moment ago may not be written down yet.
            let pending = self.stamps.get(&phone.device).copied();
            let stamp = stamp.max(pending.unwrap_or_default());
            if phone.unwraps {
                self.unwrapping.set(phone.device, true);
            }
            self.rooms.doorbell().hang(phone.account);
            if phone.wants_reports {
                self.watch(phone.device, phone.account).await;
            }
            let has_news = phone.has_news || phone.wants_reports || phone.stamp.is_none();
            let who = (phone.device, phone.account);
            self.carrier.came(now, who, stamp, has_news);
        }
    }

    /// Phones that have never been here begin now.
    async fn begin(&self, new: &[DeviceId]) -> Result<Vec<(DeviceId, i64)>, StoreError> {
        let mut tx = self.rooms.store().begin().await?;
        tx.begin_letters(new).await?;
        tx.commit().await?;
        let phones = self.rooms.store().letter_phones(new).await?;
        let begun = phones.into_iter();
        let begun = begun.filter_map(|phone| Some((phone.device, phone.stamp?)));
        Ok(begun.collect())
    }

    async fn watch(&self, device: DeviceId, account: AccountId) {
        match self.rooms.store().rooms_with_reports(device).await {
            Ok(rooms) => {
                for room in rooms {
                    self.rooms.doorbell().watch(room, account);
                }
            }
            Err(error) => tracing::warn!(%error, "what a phone wants to hear of is not known"),
        }
    }

    async fn fulfil(&mut self, now: Instant, wish: Wish<Parcel>) {
        match wish {
            Wish::Fetch {
                device,
                account,
                after,
            } => match self.fetch(device, account, after).await {
                Ok((items, upto, is_more)) => {
                    self.carrier.fetched(now, device, items, upto, is_more)
                }
                Err(error) => {
                    tracing::warn!(%error, "what was said to a phone could not be read");
                    self.carrier.not_fetched(now, device);
                }
            },
            Wish::Send {
                ticket,
                device,
                account,
                what,
            } => {
                let errand = self.errand(ticket, device, account, &what);
                // The exchange may have stopped.
                let _ = self.errands.send(errand);
            }
            Wish::Done {
                device,
                account,
                what,
                is_taken,
            } => self.done(device, account, what, is_taken).await,
            Wish::Note { device, stamp } => {
                self.stamps.insert(device, stamp);
                self.noting.get_or_insert(now + NOTED_EVERY);
            }
        }
    }

    async fn fetch(
        &self,
        device: DeviceId,
        account: AccountId,
        after: i64,
    ) -> Result<(Vec<Item<Parcel>>, i64, bool), StoreError> {
        let store = self.rooms.store();
        let rows = store.letters(account, after, PART).await?;
        let is_full = i64::try_from(rows.len()).is_ok_and(|count| count == PART);
        let upto = rows.last().map_or(after, |(stamp, _)| *stamp);
        let oldest = SystemTime::now().checked_sub(OLDEST).map_or(0, unix_millis);
        let letters = rows.into_iter().filter_map(|(stamp, letter)| {
            let letter = letter.filter(|letter| letter.sent_at >= oldest)?;
            let body: Body = serde_json::from_str(&letter.body).unwrap_or(Body::Unknown);
            let text = words(&body)?;
            Some(Item {
                stamp: Some(stamp),
                what: Parcel::Letter(letter, text),
            })
        });
        let mut items: Vec<Item<Parcel>> = letters.collect();
        let reports = store.reports_due(device, account, PART).await?;
        // Each names a message once: what is read after it was delivered is found when that was told.
        let is_more = is_full || !reports.is_empty();
        items.extend(reports.into_iter().map(|report| Item {
            stamp: None,
            what: Parcel::Report(report),
        }));
        Ok((items, upto, is_more))
    }

    fn errand(&self, ticket: u64, device: DeviceId, account: AccountId, parcel: &Parcel) -> Errand {
        let party = |account: AccountId, name: &str, number: Option<&String>| Party {
            account: switch::AccountId(account.0),
            number: number.map(|number| number.as_str().into()),
            display_name: name.into(),
            is_guest: false,
        };
        let (from, own_number, letter) = match parcel {
            Parcel::Letter(letter, text) => {
                let content = match self.unwrapping.has(device) {
                    false => Content::Plain(text.clone()),
                    true => Content::Wrapped {
                        text: text.clone(),
                        message_id: letter.id.as_str().into(),
                        date_time: rfc_3339(letter.sent_at).into(),
                    },
                };
                let since_1970 = Duration::from_millis(letter.sent_at.unsigned_abs());
                let date = httpdate::fmt_http_date(SystemTime::UNIX_EPOCH + since_1970);
                let number = letter.sender_number.as_ref();
                let from = party(letter.sender, &letter.sender_name, number);
                let letter_out = Outgoing {
                    content,
                    date: Some(date.into()),
                };
                (from, letter.own_number.as_ref(), letter_out)
            }
            Parcel::Report(report) => {
                let content = Content::Report {
                    of: report.message_id.as_str().into(),
                    outcome: match report.is_read {
                        true => Outcome::Displayed,
                        false => Outcome::Delivered,
                    },
                    date_time: rfc_3339(unix_millis(SystemTime::now())).into(),
                };
                let number = report.reader_number.as_ref();
                let from = party(report.reader, &report.reader_name, number);
                let letter_out = Outgoing {
                    content,
                    date: None,
                };
                (from, report.own_number.as_ref(), letter_out)
            }
        };
        Errand::Send {
            ticket,
            from,
            to: party(account, "", own_number),
            device: switch::DeviceId(device.0),
            letter: Box::new(letter),
        }
    }

    /// A phone has got something, or never will.
    async fn done(&self, device: DeviceId, account: AccountId, parcel: Parcel, is_taken: bool) {
        match parcel {
            Parcel::Letter(letter, _) if is_taken => {
                // It waits for the disk, and the phone's next message need not.
                let rooms = self.rooms.clone();
                tokio::spawn(async move {
                    let receipt = Receipt::Delivered;
                    let noted = rooms.receipt(account, &letter.room, receipt, letter.seq);
                    if let Err(error) = noted.await {
                        tracing::debug!(%error, "that a phone has a message is not noted");
                    }
                });
            }
            Parcel::Letter(letter, _) => {
                let (room, seq) = (&letter.room, letter.seq);
                tracing::info!(%device, %room, seq, "a phone does not take a message");
            }
            Parcel::Report(report) => {
                let ended: Result<(), StoreError> = async {
                    let mut tx = self.rooms.store().begin().await?;
                    let place = (report.room, report.seq);
                    tx.end_report(device, place, report.is_read).await?;
                    tx.commit().await
                }
                .await;
                if let Err(error) = ended {
                    tracing::warn!(%error, "a phone will hear of a message again");
                }
            }
        }
    }

    /// Writes down how far phones have come.
    async fn note(&mut self) {
        self.noting = None;
        let stamps = std::mem::take(&mut self.stamps);
        if stamps.is_empty() {
            return;
        }
        let noted: Result<(), StoreError> = async {
            let mut tx = self.rooms.store().begin().await?;
            for (device, stamp) in &stamps {
                tx.note_letters(*device, *stamp).await?;
            }
            tx.commit().await
        }
        .await;
        if let Err(error) = noted {
            tracing::warn!(%error, "after a restart some phones will hear messages twice");
        }
    }
}
