//! What the server says about our account and our contacts, and who is told of it.

use api::{Account, AccountKind, Event, Me};
use phone::Book;

use super::clerk::Word;
use super::core::Core;
use super::{ErrandId, Notice, Problem};
use crate::web::{Enquiry, Errand, News, Refused, Reply, ServerAddress, WebError};

/// The engine's own errands: nobody waits for their replies.
const OWN: ErrandId = ErrandId(0);

impl Core {
    pub(super) fn ask(&mut self, id: ErrandId, errand: Errand) {
        if let Err(refused) = self.clerk.run(id, errand) {
            self.reply(id, Err(refused));
        }
    }

    pub(super) fn enquire(&mut self, id: ErrandId, server: &str, enquiry: Enquiry) {
        let asked = ServerAddress::parse(server, self.config.allow_plain)
            .map_err(Refused::from)
            .and_then(|server| {
                let trusted = self.trusted(&server);
                self.clerk.enquire(id, server, trusted, enquiry)
            });
        if let Err(refused) = asked {
            self.reply(id, Err(refused));
        }
    }

    fn reply(&mut self, id: ErrandId, outcome: Result<Reply, Refused>) {
        if id != OWN {
            self.outlet.tell(Notice::Reply { id, outcome });
        }
    }

    /// The contacts as they were kept, and then as the server has them.
    pub(super) fn open_book(&mut self) {
        let kept = self.line.as_ref().map(|line| {
            let kept = &self.config.keep;
            kept.contacts(&line.server, line.account.id)
        });
        self.book = Book::new(kept.unwrap_or_default());
        if !self.book.contacts().is_empty() {
            self.tell_contacts();
        }
        self.ask_for_contacts();
    }

    fn ask_for_contacts(&mut self) {
        // Who keeps nothing has no use for them unasked.
        if self.config.keep.keeps() && self.clerk.has_session() {
            self.ask(OWN, Errand::Contacts);
        }
    }

    pub(super) fn on_word(&mut self, word: Word) {
        match word {
            Word::News(News::Event(event)) => self.on_event(event),
            Word::News(News::Me(me)) => self.me_is(&me),
            Word::News(News::Ended) => self.session_ended(),
            Word::Farewell => {}
            Word::Reply { id, outcome } => {
                match &outcome {
                    Ok(Reply::Me(me)) => self.me_is(me),
                    Ok(Reply::Contacts(contacts)) => {
                        self.book = Book::new(contacts.clone());
                        self.contacts_changed();
                    }
                    Ok(Reply::Presences(people)) => {
                        self.outlet.tell(Notice::Presences(people.clone()));
                    }
                    Ok(Reply::Contact(contact)) => {
                        self.book.put(contact.clone());
                        self.contacts_changed();
                    }
                    Ok(Reply::ContactRemoved(contact)) => {
                        self.book.remove(*contact);
                        self.contacts_changed();
                    }
                    Ok(Reply::Erased) => self.account_is_erased(),
                    Err(WebError::SessionEnded) => self.session_ended(),
                    _ => {}
                }
                self.reply(id, outcome.map_err(Refused::from));
            }
        }
    }

    fn on_event(&mut self, event: Event) {
        let contacts_changed = match event {
            // An account can have several numbers: which one is the first is asked rather than guessed.
            Event::NumberChanged { is_me: true, .. } | Event::NameChanged { is_me: true, .. } => {
                self.ask(OWN, Errand::Me);
                false
            }
            Event::NumberChanged { account, new, .. } => {
                let is_known = self.book.number_changed(account, new.as_ref());
                if is_known {
                    self.ask_for_contacts();
                }
                is_known
            }
            Event::NameChanged {
                account,
                display_name,
                ..
            } => self.book.name_changed(account, &display_name),
            Event::AccountRemoved { account } => self.book.account_removed(account),
            Event::Listening | Event::ContactsChanged => {
                self.ask_for_contacts();
                // Servers without presence have nobody to tell of.
                self.ask(OWN, Errand::Presences);
                false
            }
            Event::Presence(person) => {
                self.outlet.tell(Notice::Presences(vec![person]));
                false
            }
            Event::Voicemail { new, old } => {
                self.outlet.tell(Notice::Voicemail { new, old });
                false
            }
            // Lists of devices are asked for when somebody looks at them.
            _ => false,
        };
        if contacts_changed {
            self.contacts_changed();
        }
    }

    fn me_is(&mut self, me: &Me) {
        let is_guest = me.kind == AccountKind::Guest;
        if let Some(line) = &mut self.line
            && line.summary.is_guest != is_guest
        {
            line.summary.is_guest = is_guest;
            line.account.name.clone_from(&me.name);
            line.summary.name.clone_from(&me.name);
            self.keep_account();
            self.tell_account();
        }
        self.account_is(Account {
            id: me.id,
            name: me.name.clone(),
            display_name: me.display_name.clone(),
            number: me.number.clone(),
        });
    }

    /// How our account looks now. A call that is going on does not hear of it.
    fn account_is(&mut self, account: Account) {
        let Some(line) = &mut self.line else { return };
        if line.account == account {
            return;
        }
        let before = std::mem::replace(&mut line.account, account);
        let now = &line.account;
        let text = |number: &Option<api::Number>| {
            let number = number.as_ref();
            number.map(|number| number.as_str().to_owned())
        };
        line.summary.name.clone_from(&now.name);
        line.summary.display_name.clone_from(&now.display_name);
        line.summary.number = text(&now.number);
        let (old, new) = (text(&before.number), text(&now.number));
        let is_renamed = before.name != now.name || before.display_name != now.display_name;
        self.keep_account();
        if old != new {
            self.outlet.tell(Notice::NumberChanged { old, new });
        }
        if is_renamed {
            self.tell_account();
        }
    }

    fn tell_account(&mut self) {
        if let Some(line) = &self.line {
            self.outlet
                .tell(Notice::AccountChanged(line.summary.clone()));
        }
    }

    fn keep_account(&self) {
        let keep = &self.config.keep;
        if let (Some(line), Some(mut sign_in)) = (&self.line, keep.sign_in()) {
            sign_in.is_guest = line.summary.is_guest;
            sign_in.answer.account = line.account.clone();
            keep.keep_sign_in(&sign_in);
        }
    }

    /// The sign-in was ended elsewhere. The device may go on for a while, and with it a call; it cannot come back.
    fn session_ended(&mut self) {
        // Whoever deletes the account hears how that went; if it did not, the next errand tells that the sign-in is over.
        if !self.clerk.has_session() || self.clerk.is_erasing() {
            return;
        }
        self.clerk.end(false);
        self.config.keep.forget_sign_in();
        self.problem(Problem::from(WebError::SessionEnded));
    }

    /// The account is no more, as its owner wished: nothing of it stays here either, and there is nobody to say farewell to.
    fn account_is_erased(&mut self) {
        self.clerk.end(false);
        self.end_letters();
        self.sign_out(false);
    }

    fn contacts_changed(&mut self) {
        if let Some(line) = &self.line {
            let keep = &self.config.keep;
            keep.keep_contacts(&line.server, line.account.id, self.book.contacts());
        }
        self.tell_contacts();
    }

    fn tell_contacts(&mut self) {
        let contacts = self.book.contacts().to_vec();
        self.outlet.tell(Notice::Contacts(contacts));
        self.tell_blocked();
    }
}
