//! Phones and conversations over a database, with the exchange played by the test.

use std::time::SystemTime;

use api::ContactEntry;
use api::room::{Addressee, Body, GetHistory, Message, MessageId, Receipt, SendMessage, Stored};
use switch::{Content, Letter, LetterEnd, Outcome, TextLetter};

use super::*;
use crate::office::{NewAccount, Office};
use crate::rooms::Speaker;
use crate::store::tests::ground::{Ground, on_both_engines};
use crate::store::{NewDevice, Origin};

on_both_engines!(
    what_a_phone_sends_is_in_the_conversation_once,
    what_is_said_goes_to_phones_in_order_and_what_was_missed_when_they_are_back,
    a_phone_that_asks_hears_what_becomes_of_its_message,
    what_a_phone_reports_is_a_receipt,
    a_login_of_a_sign_in_gets_letters_unless_its_phone_reads_by_itself,
);

struct Scene {
    office: Office,
    rooms: Rooms,
    desk: LettersDesk,
    errands: mpsc::UnboundedReceiver<Errand>,
    alice: Speaker,
    bob: Speaker,
    /// Bob's.
    phone: DeviceId,
    asks: u64,
}

impl Scene {
    async fn new(ground: &Ground) -> Self {
        let office = ground.office().await;
        let (rooms, writer) = Rooms::new(office.clone());
        tokio::spawn(writer.run());
        let (letters, desk, errands) = Letters::new();
        tokio::spawn(letters.serve(rooms.clone()));
        let mut people = Vec::new();
        for name in ["alice", "bob"] {
            let new = NewAccount {
                name: name.into(),
                ..NewAccount::default()
            };
            let row = office.add_account(new).await.expect("an account");
            people.push(Speaker {
                account: row.account,
                display_name: row.display_name,
                is_guest: false,
            });
        }
        let (_, credential) = office.add_device("bob", None).await.expect("a phone");
        let row = office.store().credential(&credential.login).await;
        let phone = row.expect("an answer").expect("a device").device;
        let (bob, alice) = (people.remove(1), people.remove(0));
        Self {
            office,
            rooms,
            desk,
            errands,
            alice,
            bob,
            phone,
            asks: 0,
        }
    }

    async fn errand(&mut self) -> Errand {
        let patience = Duration::from_secs(60);
        let errand = tokio::time::timeout(patience, self.errands.recv()).await;
        errand.expect("in time").expect("it works")
    }

    /// Bob's phone sends this to somebody.
    async fn send(&mut self, to: AccountId, letter: Letter) -> LetterFate {
        self.asks += 1;
        let arrived = Arrived {
            ask: AskId(self.asks),
            from: Party {
                account: switch::AccountId(self.bob.account.0),
                number: None,
                display_name: "Bob".into(),
                is_guest: false,
            },
            device: self.phone,
            to,
            letter: Box::new(letter),
        };
        self.desk.arrived.send(arrived).expect("it listens");
        loop {
            if let Errand::Answer { ask, fate } = self.errand().await {
                assert_eq!(ask, AskId(self.asks));
                return fate;
            }
        }
    }

    fn come(&self) {
        let device = self.phone;
        self.desk
            .seen
            .send(Seen::Came { device })
            .expect("it listens");
    }

    /// What Bob's phone gets next; what became of it is told.
    async fn delivered(&mut self, end: LetterEnd) -> Content {
        let Errand::Send {
            ticket,
            device,
            letter,
            from,
            ..
        } = self.errand().await
        else {
            panic!("nothing was asked");
        };
        assert_eq!(device.0, self.phone.0);
        assert_eq!(from.number.as_deref(), Some("1000"));
        let ended = Seen::Ended { ticket, end };
        self.desk.seen.send(ended).expect("it listens");
        letter.content
    }

    async fn say(&self, by: &Speaker, to: &Speaker, id: &str, body: Body) -> Stored {
        let message = SendMessage {
            room: None,
            to: Some(Addressee::account(to.account)),
            id: MessageId::parse(id).expect("an id"),
            body,
        };
        self.rooms.send(by, message).await.expect("sent")
    }

    async fn texts(&self, reader: &Speaker) -> Vec<Message> {
        let list = self.rooms.list(reader.account, None, None).await;
        let Some(room) = list.expect("rooms").rooms.pop() else {
            return Vec::new();
        };
        let wish = GetHistory {
            room: room.id,
            after: Some(0),
            before: None,
            limit: None,
        };
        let page = self.rooms.history(reader.account, &wish).await;
        page.expect("a page").messages
    }

    /// How much of the conversation the other one has, as soon as it is so much.
    async fn until_receipts(&self, of: &Speaker, delivered: i64, read: i64) {
        let begin = std::time::Instant::now();
        loop {
            let list = self
                .rooms
                .list(of.account, None, None)
                .await
                .expect("rooms");
            let mut people = list.rooms[0].participants.iter();
            let own = people.find(|one| one.account == of.account).expect("them");
            if (own.delivered, own.read) == (delivered, read) {
                return;
            }
            assert!(begin.elapsed() < Duration::from_secs(60), "{own:?}");
            tokio::task::yield_now().await;
        }
    }
}

fn body(text: &str) -> Body {
    Body::Text {
        text: text.into(),
        reply_to: None,
        mentions: Vec::new(),
    }
}

fn letter(call_id: &str, text: &str) -> TextLetter {
    TextLetter {
        text: text.into(),
        message_id: None,
        request: (call_id.into(), 1),
        is_wrapped: false,
        wants_delivered: false,
        wants_displayed: false,
    }
}

async fn what_a_phone_sends_is_in_the_conversation_once(ground: Ground) {
    let mut scene = Scene::new(&ground).await;
    let (alice, bob) = (scene.alice.clone(), scene.bob.clone());
    for call_id in ["a", "a", "b"] {
        let sent = Letter::Text(letter(call_id, call_id));
        assert_eq!(scene.send(alice.account, sent).await, LetterFate::Kept);
    }
    let named = TextLetter {
        message_id: Some("<x@y>".into()),
        ..letter("c", "named")
    };
    for call_id in ["c", "d"] {
        let again = TextLetter {
            request: (call_id.into(), 1),
            ..named.clone()
        };
        let fate = scene.send(alice.account, Letter::Text(again)).await;
        assert_eq!(fate, LetterFate::Kept);
    }
    let messages = scene.texts(&alice).await;
    let bodies: Vec<&Body> = messages.iter().map(|one| &one.body).collect();
    assert_eq!(bodies, [&body("a"), &body("b"), &body("named")]);
    assert_eq!(messages[0].sender, Some(bob.account));
    let long = "x".repeat(16_001);
    for (text, fate) in [
        (long.as_str(), LetterFate::TooLong),
        ("", LetterFate::Invalid),
        ("a\0b", LetterFate::Invalid),
        ("\u{1b}[2J", LetterFate::Invalid),
    ] {
        let sent = Letter::Text(letter("bad", text));
        assert_eq!(scene.send(alice.account, sent).await, fate, "{text:?}");
    }
    let oneself = Letter::Text(letter("e", "buy bread"));
    let fate = scene.send(bob.account, oneself).await;
    assert_eq!(fate, LetterFate::NotForConversations);
    let nobody = Letter::Text(letter("f", "hello?"));
    let fate = scene.send(AccountId(999), nobody).await;
    assert_eq!(fate, LetterFate::NotForConversations);
    // Who is blocked is told what they are always told.
    let owner = crate::office::Session {
        session_id: api::SessionId(1),
        account: alice.account,
        name: String::new(),
        kind: api::AccountKind::Person,
        role: api::Role::User,
    };
    let entry = ContactEntry {
        account: Some(bob.account),
        is_blocked: Some(true),
        ..ContactEntry::default()
    };
    let blocked = scene.office.add_contact(&owner, &entry).await;
    blocked.expect("blocked");
    let sent = Letter::Text(letter("g", "still there?"));
    assert_eq!(scene.send(alice.account, sent).await, LetterFate::Kept);
    let messages = scene.texts(&alice).await;
    assert_eq!(messages.last().map(|one| &one.body), Some(&Body::Hidden));
}

async fn what_is_said_goes_to_phones_in_order_and_what_was_missed_when_they_are_back(
    ground: Ground,
) {
    let mut scene = Scene::new(&ground).await;
    let (alice, bob) = (scene.alice.clone(), scene.bob.clone());
    scene
        .say(&alice, &bob, "m0", body("before the phone"))
        .await;
    scene.come();
    // It was set up before that was said.
    let first = scene.errands.recv().await.expect("an errand");
    let Errand::Send { ticket, letter, .. } = first else {
        panic!("nothing was asked");
    };
    assert_eq!(letter.content, Content::Plain("before the phone".into()));
    let end = LetterEnd::Answered(200);
    let ended = Seen::Ended { ticket, end };
    scene.desk.seen.send(ended).expect("it listens");
    scene
        .say(&bob, &alice, "own", body("not for my own phone"))
        .await;
    scene.say(&alice, &bob, "m1", body("one")).await;
    scene.say(&alice, &bob, "m2", body("two")).await;
    let reaction = Body::Reaction {
        target: MessageId::parse("own").expect("an id"),
        emoji: "👍".into(),
        is_removed: false,
    };
    scene.say(&alice, &bob, "r", reaction).await;
    let last = scene.say(&alice, &bob, "m3", body("three")).await;
    let mut heard = Vec::new();
    while heard.last() != Some(&Content::Plain("two".into())) {
        heard.push(scene.delivered(LetterEnd::Answered(200)).await);
    }
    // It goes away, and misses some.
    heard.push(scene.delivered(LetterEnd::NotHere).await);
    scene.say(&alice, &bob, "m4", body("four")).await;
    scene.come();
    for _ in 0..2 {
        heard.push(scene.delivered(LetterEnd::Answered(202)).await);
    }
    heard.retain(|content| *content != Content::Plain("try".into()));
    let plain = |text: &str| Content::Plain(text.into());
    assert_eq!(
        heard,
        [
            plain("one"),
            plain("two"),
            plain("three"),
            plain("three"),
            plain("four")
        ]
    );
    // Alice learns that he has it, and it is not read for that.
    scene.until_receipts(&bob, last.sequence + 1, 0).await;
}

async fn a_phone_that_asks_hears_what_becomes_of_its_message(ground: Ground) {
    let mut scene = Scene::new(&ground).await;
    let (alice, bob) = (scene.alice.clone(), scene.bob.clone());
    scene.come();
    let asking = TextLetter {
        message_id: Some("m-1".into()),
        is_wrapped: true,
        wants_delivered: true,
        wants_displayed: true,
        ..letter("a", "lunch?")
    };
    // Until the phone is known it cannot be told anything.
    let fate = scene.send(alice.account, Letter::Text(asking)).await;
    assert_eq!(fate, LetterFate::Kept);
    scene.come();
    let list = scene.rooms.list(alice.account, None, None).await;
    let room = list.expect("rooms").rooms.pop().expect("a room").id;
    let mut outcomes = Vec::new();
    for receipt in [Receipt::Delivered, Receipt::Read] {
        let noted = scene.rooms.receipt(alice.account, &room, receipt, 1);
        noted.await.expect("noted");
        match scene.delivered(LetterEnd::Answered(200)).await {
            Content::Report { of, outcome, .. } => outcomes.push((of.to_string(), outcome)),
            other => panic!("{other:?}"),
        }
    }
    let of = || "m-1".to_owned();
    assert_eq!(
        outcomes,
        [(of(), Outcome::Delivered), (of(), Outcome::Displayed)]
    );
    // A phone that wraps is spoken to in kind, until it says that it cannot unwrap.
    scene.say(&alice, &bob, "m-2", body("yes")).await;
    let wrapped = scene.delivered(LetterEnd::Answered(415)).await;
    assert!(
        matches!(&wrapped, Content::Wrapped { message_id, text, .. } if message_id == "m-2" && text == "yes"),
        "{wrapped:?}"
    );
    let plain = scene.delivered(LetterEnd::Answered(200)).await;
    assert_eq!(plain, Content::Plain("yes".into()));
}

async fn what_a_phone_reports_is_a_receipt(ground: Ground) {
    let mut scene = Scene::new(&ground).await;
    let (alice, bob) = (scene.alice.clone(), scene.bob.clone());
    scene.say(&alice, &bob, "m-1", body("lunch?")).await;
    for (outcome, read) in [(Outcome::Delivered, 0), (Outcome::Displayed, 1)] {
        for of in ["m-1", "never was", "<>"] {
            let of = of.into();
            let report = Letter::Report { of, outcome };
            let fate = scene.send(alice.account, report).await;
            assert_eq!(fate, LetterFate::Kept);
        }
        scene.until_receipts(&bob, 1, read).await;
    }
}

async fn a_login_of_a_sign_in_gets_letters_unless_its_phone_reads_by_itself(ground: Ground) {
    let mut scene = Scene::new(&ground).await;
    let (alice, bob) = (scene.alice.clone(), scene.bob.clone());
    let [page, softphone] = ["page", "softphone"].map(|login| signed_in(&scene, login));
    let (page, softphone) = (page.await, softphone.await);
    scene.say(&alice, &bob, "m1", body("one")).await;
    let plain = |text: &str| Content::Plain(text.into());
    // A page that knows SIP alone gets what was said since the sign-in.
    scene.phone = page;
    scene.come();
    assert_eq!(
        scene.delivered(LetterEnd::Answered(200)).await,
        plain("one")
    );
    // A softphone gets nothing. What comes after what the page has got was done after that was known.
    let device = softphone;
    let reads = Seen::Reads { device };
    scene.desk.seen.send(reads).expect("it listens");
    for (id, text) in [("m2", "two"), ("m3", "three")] {
        scene.say(&alice, &bob, id, body(text)).await;
        assert_eq!(scene.delivered(LetterEnd::Answered(200)).await, plain(text));
    }
    let begun = scene.office.store().begun_letters(&[page, softphone]).await;
    assert_eq!(begun.expect("an answer"), [page]);
    // Somebody takes the softphone's login for a desk phone: that one begins now.
    scene.phone = softphone;
    scene.come();
    loop {
        let begun = scene.office.store().begun_letters(&[softphone]).await;
        if !begun.expect("an answer").is_empty() {
            break;
        }
        tokio::task::yield_now().await;
    }
    // Then both with one login: the desk phone goes on.
    for (id, text) in [("m4", "four"), ("m5", "five"), ("m6", "six")] {
        scene.say(&alice, &bob, id, body(text)).await;
        let mut heard = Vec::new();
        for _ in 0..2 {
            let Errand::Send {
                ticket,
                device,
                letter,
                ..
            } = scene.errand().await
            else {
                panic!("nothing was asked");
            };
            assert_eq!(letter.content, plain(text));
            heard.push(device.0);
            if id == "m4" {
                let reads = Seen::Reads { device: softphone };
                scene.desk.seen.send(reads).expect("it listens");
            }
            let end = LetterEnd::Answered(200);
            let ended = Seen::Ended { ticket, end };
            scene.desk.seen.send(ended).expect("it listens");
        }
        heard.sort_unstable();
        assert_eq!(heard, [page.0, softphone.0]);
    }
    let begun = scene.office.store().begun_letters(&[softphone]).await;
    assert_eq!(begun.expect("an answer"), [softphone]);
}

/// A device of Bob's that came with a sign-in.
async fn signed_in(scene: &Scene, login: &str) -> DeviceId {
    let label = api::DeviceLabel::parse(login).expect("a label");
    let device = NewDevice {
        account: scene.bob.account,
        label: &label,
        login,
        realm: "phones.example",
        ha1: &sip::Ha1::new(login, "phones.example", "secret"),
        origin: Origin::Login,
    };
    let mut tx = scene.office.store().begin().await.expect("a write");
    let made = tx.add_device(&device, SystemTime::now()).await;
    tx.commit().await.expect("kept");
    made.expect("a device")
}
