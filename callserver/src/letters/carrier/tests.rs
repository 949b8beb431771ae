//! Phones that come, go and refuse, in virtual time.

use super::*;

const PHONE: DeviceId = DeviceId(7);
const BOB: AccountId = AccountId(2);

type Text = &'static str;

struct Scene {
    carrier: Carrier<Text>,
    now: Instant,
    /// What was said to Bob, with its stamps.
    said: Vec<(i64, Text)>,
    /// What his phone has got.
    heard: Vec<Text>,
    /// How far it has come, as it is kept.
    kept: i64,
    given_up: Vec<Text>,
}

impl Scene {
    fn new() -> Self {
        Self {
            carrier: Carrier::default(),
            now: Instant::now(),
            said: Vec::new(),
            heard: Vec::new(),
            kept: 0,
            given_up: Vec::new(),
        }
    }

    fn say(&mut self, text: Text) {
        let stamp = i64::try_from(self.said.len()).expect("few") * 10 + 10;
        self.said.push((stamp, text));
        self.carrier.rang(self.now, BOB);
    }

    fn come(&mut self) {
        let has_news = self.said.iter().any(|(stamp, _)| *stamp > self.kept);
        self.carrier
            .came(self.now, (PHONE, BOB), self.kept, has_news);
    }

    /// Does what is to be done, with a phone that answers like this, until nothing is left to do now.
    fn settle(&mut self, mut answer: impl FnMut(Text) -> End) {
        while let Some(wish) = self.carrier.poll_wish() {
            match wish {
                Wish::Fetch { device, after, .. } => {
                    let new = self.said.iter().filter(|(stamp, _)| *stamp > after);
                    // Two at a time.
                    let items: Vec<_> = new
                        .clone()
                        .take(2)
                        .map(|(stamp, text)| Item {
                            stamp: Some(*stamp),
                            what: *text,
                        })
                        .collect();
                    let upto = items.last().and_then(|item| item.stamp).unwrap_or(after);
                    let is_more = new.count() > 2;
                    self.carrier.fetched(self.now, device, items, upto, is_more);
                }
                Wish::Send { ticket, what, .. } => {
                    let end = answer(what);
                    if end == End::Taken {
                        self.heard.push(what);
                    }
                    self.carrier.ended(self.now, ticket, end);
                }
                Wish::Done { what, is_taken, .. } => {
                    if !is_taken {
                        self.given_up.push(what);
                    }
                }
                Wish::Note { stamp, .. } => {
                    assert!(stamp > self.kept, "never back");
                    self.kept = stamp;
                }
            }
        }
    }

    /// Lets the time pass until the carrier wants to go on.
    fn wait(&mut self) -> Duration {
        let due = self.carrier.poll_timeout().expect("it waits");
        let waited = due - self.now;
        self.now = due;
        self.carrier.timeout(due);
        waited
    }
}

#[test]
fn a_phone_hears_in_order_and_once_what_was_said_while_it_was_away() {
    let mut scene = Scene::new();
    for text in ["a", "b", "c", "d", "e"] {
        scene.say(text);
    }
    scene.settle(|_| panic!("nobody is there"));
    scene.come();
    scene.settle(|_| End::Taken);
    scene.say("f");
    scene.settle(|_| End::Taken);
    scene.come();
    scene.settle(|_| End::Taken);
    assert_eq!(scene.heard, ["a", "b", "c", "d", "e", "f"]);
    assert_eq!((scene.kept, scene.carrier.poll_timeout()), (60, None));
}

#[test]
fn what_is_not_taken_is_sent_again_later_and_later_and_nothing_overtakes_it() {
    let mut scene = Scene::new();
    scene.come();
    scene.say("a");
    scene.say("b");
    scene.settle(|_| End::Silent);
    let mut waited = Vec::new();
    for _ in 0..8 {
        waited.push(scene.wait().as_secs());
        scene.settle(|text| match text {
            "a" => End::Silent,
            _ => panic!("b waits for a"),
        });
    }
    assert_eq!(waited, [5, 10, 20, 40, 80, 160, 300, 300]);
    // It is asked at once when it comes back.
    scene.come();
    scene.settle(|_| End::Taken);
    assert_eq!(scene.heard, ["a", "b"]);
    assert_eq!(scene.carrier.poll_timeout(), None);
}

#[test]
fn who_has_gone_gets_the_rest_on_return() {
    let mut scene = Scene::new();
    scene.come();
    scene.say("a");
    scene.say("b");
    scene.settle(|text| match text {
        "a" => End::Taken,
        _ => End::Gone,
    });
    scene.say("c");
    scene.settle(|_| panic!("it has gone"));
    assert_eq!(scene.kept, 10);
    scene.come();
    scene.settle(|_| End::Taken);
    assert_eq!(scene.heard, ["a", "b", "c"]);
}

#[test]
fn what_a_phone_will_never_take_holds_nothing_up() {
    let mut scene = Scene::new();
    scene.come();
    scene.say("picture");
    scene.say("b");
    let mut again = 0;
    scene.settle(|text| match text {
        "picture" if again == 0 => {
            again += 1;
            End::Again
        }
        "picture" => End::of(415),
        _ => End::Taken,
    });
    assert_eq!(scene.heard, ["b"]);
    assert_eq!(scene.given_up, ["picture"]);
    scene.say("c");
    scene.settle(|_| End::of(480));
    for _ in 1..MOST_REFUSALS {
        scene.wait();
        scene.settle(|_| End::of(480));
    }
    assert_eq!(scene.given_up, ["picture", "c"]);
    assert_eq!(scene.carrier.poll_timeout(), None);
    assert_eq!(scene.kept, 30);
}

#[test]
fn what_cannot_be_read_is_read_later() {
    let mut scene = Scene::new();
    scene.come();
    scene.say("a");
    assert!(matches!(
        scene.carrier.poll_wish(),
        Some(Wish::Fetch { .. })
    ));
    scene.carrier.not_fetched(scene.now, PHONE);
    assert_eq!(scene.wait(), FIRST_REST);
    scene.settle(|_| End::Taken);
    assert_eq!(scene.heard, ["a"]);
}

#[test]
fn a_phone_that_comes_anew_gets_what_its_former_self_did_not_answer() {
    let mut scene = Scene::new();
    scene.come();
    scene.say("a");
    scene.say("b");
    // The first is on its way, and the phone is started anew.
    let mut tickets = Vec::new();
    for millis in [0, 999, 1] {
        scene.now += Duration::from_millis(millis);
        scene.come();
        while let Some(wish) = scene.carrier.poll_wish() {
            match wish {
                Wish::Fetch { device, .. } => {
                    let items = [(10, "a"), (20, "b")].map(|(stamp, what)| Item {
                        stamp: Some(stamp),
                        what,
                    });
                    let now = scene.now;
                    scene.carrier.fetched(now, device, items.into(), 20, false);
                }
                Wish::Send { ticket, what, .. } => tickets.push((ticket, what)),
                other => panic!("{other:?}"),
            }
        }
    }
    let [(lost, "a"), (sent, "a")] = tickets[..] else {
        panic!("{tickets:?}");
    };
    // What became of the first attempt does not matter any more.
    scene.carrier.ended(scene.now, lost, End::Silent);
    assert_eq!(scene.carrier.poll_timeout(), None);
    scene.carrier.ended(scene.now, sent, End::Taken);
    scene.settle(|_| End::Taken);
    assert_eq!(scene.heard, ["b"]);
    assert_eq!(scene.kept, 20);
}
