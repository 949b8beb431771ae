//! The contacts of an account, as the phone knows them.

use api::{AccountId, Contact, Number};

/// The contacts of an account: favourites first, then by name. The server is the authority; this is what was heard from it
/// last, kept up to date by its events.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Book {
    contacts: Vec<Contact>,
}

impl Book {
    /// The contacts as the server listed them, or as they were kept.
    #[must_use]
    pub fn new(contacts: Vec<Contact>) -> Self {
        let mut book = Self { contacts };
        book.sort();
        book
    }

    /// All of them, in the order in which people look for them.
    #[must_use]
    pub fn contacts(&self) -> &[Contact] {
        &self.contacts
    }

    /// Adds a contact, or takes over what changed of one.
    pub fn put(&mut self, contact: Contact) {
        self.contacts.retain(|known| known.id != contact.id);
        self.contacts.push(contact);
        self.sort();
    }

    /// Takes a contact away.
    pub fn remove(&mut self, id: i64) {
        self.contacts.retain(|known| known.id != id);
    }

    /// Somebody has another number now. Tells whether that is in the book.
    pub fn number_changed(&mut self, account: AccountId, number: Option<&Number>) -> bool {
        self.change(account, |contact| contact.number = number.cloned())
    }

    /// Somebody goes by another name now. Tells whether that is in the book.
    pub fn name_changed(&mut self, account: AccountId, display_name: &str) -> bool {
        let changed = self.change(account, |contact| {
            // A name that was written down by hand stays; one that followed theirs goes on following.
            if contact.display_name.as_deref() == Some(contact.name.as_str()) {
                contact.name = display_name.to_owned();
            }
            contact.display_name = Some(display_name.to_owned());
        });
        self.sort();
        changed
    }

    /// An account does not exist any more: nobody can be called there. Tells whether that is in the book.
    pub fn account_removed(&mut self, account: AccountId) -> bool {
        self.change(account, |contact| {
            contact.account = None;
            contact.number = None;
        })
    }

    /// What the book calls whoever has this number.
    #[must_use]
    pub fn name_of(&self, number: &str) -> Option<&str> {
        self.contacts
            .iter()
            .find(|contact| {
                contact
                    .number
                    .as_ref()
                    .is_some_and(|known| known.as_str() == number)
            })
            .map(|contact| contact.name.as_str())
    }

    fn change(&mut self, account: AccountId, change: impl Fn(&mut Contact)) -> bool {
        let mut is_there = false;
        for contact in &mut self.contacts {
            if contact.account == Some(account) {
                change(contact);
                is_there = true;
            }
        }
        is_there
    }

    fn sort(&mut self) {
        self.contacts.sort_by_cached_key(|contact| {
            (
                !contact.is_favourite,
                contact.name.to_lowercase(),
                contact.id,
            )
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contact(id: i64, name: &str, number: &str) -> Contact {
        Contact {
            id,
            account: Some(AccountId(id * 10)),
            number: Some(Number::parse(number).unwrap()),
            name: name.to_owned(),
            display_name: Some(name.to_owned()),
            note: String::new(),
            is_favourite: false,
            groups: Vec::new(),
            is_blocked: false,
        }
    }

    fn names(book: &Book) -> Vec<&str> {
        let contacts = book.contacts().iter();
        contacts.map(|contact| contact.name.as_str()).collect()
    }

    #[test]
    fn favourites_come_first_and_then_the_alphabet() {
        let mut book = Book::new(vec![
            contact(1, "bruno", "1001"),
            contact(2, "Zoë", "1002"),
            contact(3, "Amina", "1003"),
        ]);
        assert_eq!(names(&book), ["Amina", "bruno", "Zoë"]);
        book.put(Contact {
            is_favourite: true,
            ..contact(2, "Zoë", "1002")
        });
        assert_eq!(names(&book), ["Zoë", "Amina", "bruno"]);
        book.remove(3);
        assert_eq!(names(&book), ["Zoë", "bruno"]);
    }

    #[test]
    fn a_contact_follows_its_account_to_another_number_and_name() {
        let mut book = Book::new(vec![contact(1, "Amina", "1001"), contact(2, "B", "1002")]);
        let new = Number::parse("1009").unwrap();
        assert!(book.number_changed(AccountId(10), Some(&new)));
        assert!(!book.number_changed(AccountId(99), Some(&new)));
        assert_eq!(book.name_of("1009"), Some("Amina"));
        assert_eq!(book.name_of("1001"), None);
        assert!(book.name_changed(AccountId(10), "Amina Yusuf"));
        assert_eq!(names(&book), ["Amina Yusuf", "B"]);
    }

    #[test]
    fn a_name_that_was_written_by_hand_stays() {
        let mut known = contact(1, "Mum", "1001");
        known.display_name = Some("Amina Yusuf".to_owned());
        let mut book = Book::new(vec![known]);
        assert!(book.name_changed(AccountId(10), "Amina Keller"));
        assert_eq!(names(&book), ["Mum"]);
        assert!(book.account_removed(AccountId(10)));
        assert_eq!(book.contacts()[0].number, None);
    }
}
