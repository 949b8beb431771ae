//! The way of a call from what was dialled to whom it rings: what phones are told of it.

use sip::{Diversion, Headers, HistoryInfo, Host, NameAddr, StatusCode, Text, Uri};

use crate::Party;
use crate::reached::Callee;

/// Why a call went on to somebody else.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Cause {
    /// All calls do.
    Always,
    /// The callee speaks with somebody.
    Busy,
    /// The callee does not want to be disturbed.
    DoNotDisturb,
    /// Nobody picked up.
    NoAnswer,
    /// No phone is there.
    Unreachable,
    /// The callee has declined this call.
    Declined,
    /// The callee's phone has sent it there (3xx).
    Deflected,
}

impl Cause {
    /// Why a call goes on that all phones have refused like this; `None` if it does not.
    pub(crate) fn of(best: StatusCode) -> Option<Self> {
        Some(match best {
            StatusCode::BUSY_HERE | StatusCode::BUSY_EVERYWHERE => Cause::Busy,
            StatusCode::TEMPORARILY_UNAVAILABLE => Cause::Unreachable,
            StatusCode::DECLINE => Cause::Declined,
            _ => return None,
        })
    }

    /// The `cause` of RFC 4458 section 2.1, also beside RFC 7044 (RFC 7544).
    fn code(self) -> &'static str {
        match self {
            Cause::Always => "302",
            Cause::Busy | Cause::DoNotDisturb => "486",
            Cause::NoAnswer => "408",
            Cause::Unreachable => "503",
            // "Deflection during alerting".
            Cause::Declined | Cause::Deflected => "480",
        }
    }

    /// The `reason` of RFC 5806 section 4.
    fn reason(self) -> &'static str {
        match self {
            Cause::Always => "unconditional",
            Cause::Busy => "user-busy",
            Cause::DoNotDisturb => "do-not-disturb",
            Cause::NoAnswer => "no-answer",
            Cause::Unreachable => "unavailable",
            Cause::Declined | Cause::Deflected => "deflection",
        }
    }
}

/// What was dialled, and each number that the call went on to.
#[derive(Clone, Debug)]
pub(crate) struct Way {
    dialled: Text,
    stops: Vec<(Text, Cause)>,
}

impl Way {
    /// The way of a call that was for `callee` from the start.
    pub(crate) fn to(callee: &Callee) -> Self {
        let number = number_of(&callee.party);
        match &callee.forwarded_from {
            None => Way {
                dialled: number,
                stops: Vec::new(),
            },
            Some(dialled) => Way {
                dialled: dialled.clone(),
                stops: vec![(number, Cause::Always)],
            },
        }
    }

    /// The call goes on to `callee`.
    pub(crate) fn go_on(&mut self, callee: &Callee, cause: Cause) {
        let number = number_of(&callee.party);
        match &callee.forwarded_from {
            None => self.stops.push((number, cause)),
            Some(dialled) => {
                self.stops.push((dialled.clone(), cause));
                self.stops.push((number, Cause::Always));
            }
        }
    }

    /// Which numbers the call was at, and why it went on (RFC 7044); nothing if it went straight to the callee.
    pub(crate) fn push_history(&self, headers: &mut Headers, domain: &Text) {
        if self.stops.is_empty() {
            return;
        }
        let mut index = "1".to_owned();
        let first = with_index(address(&self.dialled, domain), &index);
        headers.push_typed(&HistoryInfo(first));
        for (number, cause) in &self.stops {
            let mut present = address(number, domain);
            present.uri.params.set("cause", Some(cause.code()));
            let last = index.clone();
            index.push_str(".1");
            let mut entry = with_index(present, &index);
            // RFC 7044 section 5: another user is meant than the one of that entry.
            entry.params.set("mp", Some(&last));
            headers.push_typed(&HistoryInfo(entry));
        }
    }

    /// The same in the older form, which only INVITE knows: who sent the call on, the last one first (RFC 5806 section 3).
    pub(crate) fn push_diversion(&self, headers: &mut Headers, domain: &Text) {
        let before = std::iter::once(&self.dialled).chain(self.stops.iter().map(|(to, _)| to));
        let mut diverting: Vec<_> = before.zip(self.stops.iter().map(|(_, why)| *why)).collect();
        diverting.reverse();
        for (number, cause) in diverting {
            let mut by = address(number, domain);
            by.params.set("reason", Some(cause.reason()));
            by.params.set("counter", Some("1"));
            headers.push_typed(&Diversion(by));
        }
    }
}

fn number_of(party: &Party) -> Text {
    let unknown = || Text::from_static("unknown");
    party.number.clone().unwrap_or_else(unknown)
}

fn address(number: &str, domain: &Text) -> NameAddr {
    NameAddr::new(Uri::sip(Host::Name(domain.clone()), None).with_user(number))
}

fn with_index(mut address: NameAddr, index: &str) -> NameAddr {
    address.params.set("index", Some(index));
    address
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    use crate::{AccountId, Destination, Reached};

    const DOMAIN: Text = Text::from_static("carillon.test");

    fn destination(number: &'static str) -> Destination {
        Destination {
            account: AccountId(2),
            number: Some(number.into()),
            display_name: "Bob".into(),
            is_guest: false,
            treatment: Arc::default(),
            elsewhere: Vec::new(),
        }
    }

    fn callee(reached: Reached) -> Callee {
        reached.into_callee().unwrap()
    }

    fn lines(way: &Way) -> Vec<String> {
        let mut headers = Headers::new();
        way.push_history(&mut headers, &DOMAIN);
        way.push_diversion(&mut headers, &DOMAIN);
        headers
            .iter()
            .map(|header| format!("{}: {}", header.name, header.value))
            .collect()
    }

    #[test]
    fn a_forwarded_call_says_what_was_dialled_and_where_it_goes_now() {
        let way = Way::to(&callee(Reached::Forwarded {
            from: "1002".into(),
            to: destination("1005"),
        }));
        assert_eq!(
            lines(&way),
            [
                "History-Info: <sip:1002@carillon.test>;index=1",
                "History-Info: <sip:1005@carillon.test;cause=302>;index=1.1;mp=1",
                "Diversion: <sip:1002@carillon.test>;reason=unconditional;counter=1",
            ]
        );
    }

    #[test]
    fn each_station_says_why_the_call_went_on() {
        let mut way = Way::to(&callee(Reached::Account(destination("1002"))));
        way.go_on(
            &callee(Reached::Account(destination("1003"))),
            Cause::NoAnswer,
        );
        let moved = Reached::Forwarded {
            from: "1004".into(),
            to: destination("1005"),
        };
        way.go_on(&callee(moved), Cause::Busy);
        assert_eq!(
            lines(&way),
            [
                "History-Info: <sip:1002@carillon.test>;index=1",
                "History-Info: <sip:1003@carillon.test;cause=408>;index=1.1;mp=1",
                "History-Info: <sip:1004@carillon.test;cause=486>;index=1.1.1;mp=1.1",
                "History-Info: <sip:1005@carillon.test;cause=302>;index=1.1.1.1;mp=1.1.1",
                "Diversion: <sip:1004@carillon.test>;reason=unconditional;counter=1",
                "Diversion: <sip:1003@carillon.test>;reason=user-busy;counter=1",
                "Diversion: <sip:1002@carillon.test>;reason=no-answer;counter=1",
            ]
        );
    }

    #[test]
    fn a_call_that_reaches_the_number_itself_has_no_history() {
        let way = Way::to(&callee(Reached::Account(destination("1005"))));
        assert_eq!(lines(&way), [""; 0]);
    }
}
