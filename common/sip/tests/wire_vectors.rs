//! Messages of RFC 4475 and RFC 5118, each with its verdict.

use std::fs;
use std::path::PathBuf;

use bytes::Bytes;
use sip::{
    CSeq, Contact, ContentType, Framed, Framer, FromHeader, HeaderName, MaxForwards, Message,
    Method, Multipart, ParseError, Request, Scheme, ToHeader, Via,
};

const FOLDERS: [&str; 2] = ["rfc4475", "rfc5118"];

fn folder(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/vectors")
        .join(name)
}

/// The message of this name, in whichever folder it is.
fn vector(name: &str) -> Bytes {
    let file = format!("{name}.sip");
    let path = FOLDERS.map(|one| folder(one).join(&file));
    let path = path.iter().find(|path| path.exists());
    let path = path.unwrap_or_else(|| panic!("there is no {file}"));
    fs::read(path)
        .unwrap_or_else(|error| panic!("{file}: {error}"))
        .into()
}

/// Name, section and verdict of every message.
fn verdicts() -> Vec<[String; 3]> {
    let lists = FOLDERS.map(|name| {
        let path = folder(name).join("verdicts.txt");
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    });
    lists
        .iter()
        .flat_map(|list| list.lines())
        .map(|line| {
            let parts: Vec<String> = line.split(' ').map(str::to_owned).collect();
            <[String; 3]>::try_from(parts).unwrap_or_else(|_| panic!("malformed line: {line}"))
        })
        .collect()
}

fn request(name: &str) -> Request {
    match Message::parse(vector(name)) {
        Ok(Message::Request(request)) => request,
        other => panic!("{name}: {other:?}"),
    }
}

/// What becomes of a message: understood, answered with a code, or refused in silence.
fn verdict(name: &str) -> String {
    let refused = |error: ParseError| {
        error.response().map_or("discard".to_owned(), |response| {
            response.status.code().to_string()
        })
    };
    match Message::parse(vector(name)) {
        Err(error) => refused(error),
        Ok(Message::Request(request)) => match request.check() {
            Ok(()) => "accept".to_owned(),
            Err(error) => refused(ParseError::in_request(&request, error)),
        },
        Ok(Message::Response(response)) => match response.check() {
            Ok(()) => "accept".to_owned(),
            Err(_) => "discard".to_owned(),
        },
    }
}

#[test]
fn every_message_gets_its_verdict() {
    let mut wrong = Vec::new();
    for [name, section, expected] in verdicts() {
        let expected = if expected == "tolerate" {
            "accept"
        } else {
            &expected
        };
        let verdict = verdict(&name);
        if verdict != expected {
            wrong.push(format!(
                "{name} ({section}): {verdict} instead of {expected}"
            ));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let files: usize = FOLDERS
        .map(|name| fs::read_dir(folder(name)).unwrap().count() - 1)
        .into_iter()
        .sum();
    assert_eq!(verdicts().len(), files, "each file has one verdict");
}

#[test]
fn what_is_accepted_prints_to_something_that_means_the_same() {
    for [name, ..] in verdicts()
        .into_iter()
        .filter(|[_, _, verdict]| verdict == "accept")
    {
        let read = |bytes| {
            let mut message = Message::parse(bytes).unwrap();
            let headers = match &mut message {
                Message::Request(request) => &mut request.headers,
                Message::Response(response) => &mut response.headers,
            };
            // The printer adds the true one where there is none.
            headers.remove(&HeaderName::ContentLength);
            message
        };
        let message = read(vector(&name));
        assert_eq!(read(message.to_bytes()), message, "{name}");
    }
}

#[test]
fn streams_cut_out_what_has_a_length() {
    let names = ["wsinv", "esc01", "escnull", "unreason", "lwsdisp"];
    let mut stream = Vec::new();
    for name in names {
        stream.extend(vector(name));
    }
    let mut framer = Framer::default();
    framer.push(&stream);
    for name in names {
        assert_eq!(
            framer.next().unwrap(),
            Some(Framed::Message(vector(name))),
            "{name}"
        );
    }
}

#[test]
fn the_tortuous_invite_is_understood_in_every_part() {
    let invite = request("wsinv");
    assert_eq!(invite.method, Method::Invite);
    assert!(invite.uri.params.has("unknownparam"));
    assert_eq!(invite.body.len(), 150);
    let headers = &invite.headers;
    assert_eq!(
        headers.required::<ToHeader>().unwrap().tag(),
        Some("1918181833n")
    );
    let from: FromHeader = headers.required().unwrap();
    assert_eq!(from.display_name.as_deref(), Some("J Rosenberg \\\""));
    assert_eq!(from.tag(), Some("98asjd8"));
    assert_eq!(headers.required::<MaxForwards>().unwrap(), MaxForwards(68));
    let cseq: CSeq = headers.required().unwrap();
    assert_eq!((cseq.number, cseq.method), (9, Method::Invite));
    let vias = headers.typed_list::<Via>().unwrap();
    let hosts: Vec<String> = vias.iter().map(|via| via.host.to_string()).collect();
    assert_eq!(
        hosts,
        ["192.0.2.2", "spindle.example.com", "192.168.255.111"]
    );
    let branches: Vec<_> = vias.iter().map(|via| via.branch()).collect();
    assert_eq!(
        branches,
        [
            Some("390skdjuw"),
            Some("z9hG4bK9ikj8"),
            Some("z9hG4bK30239")
        ]
    );
    let contact: Contact = headers.required().unwrap();
    assert_eq!(contact.q(), 330);
    let address = contact.address().unwrap();
    assert_eq!(address.display_name.as_deref(), Some("Quoted string \"\""));
    assert_eq!(address.params.value("newparam"), Some("newvalue"));
    assert!(address.params.has("secondparam"));
    assert_eq!(headers.get(&HeaderName::Subject).unwrap(), "");
    let unknown = headers.get(&HeaderName::from("UnknownHeaderWithUnusualValue"));
    assert_eq!(unknown.unwrap(), ";;,,;;,;");
    assert_eq!(
        headers.get(&HeaderName::from("NewFangledHeader")).unwrap(),
        "newfangled value continued newfangled value"
    );
}

#[test]
fn unusual_characters_are_understood_where_they_are_allowed() {
    let odd = request("intmeth");
    assert_eq!(
        odd.method.as_str(),
        "!interesting-Method0123456789_*+`.%indeed'~"
    );
    assert_eq!(
        odd.uri.user.as_deref(),
        Some("1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*")
    );
    assert_eq!(
        odd.uri.password.as_deref(),
        Some("&it+has=1,weird!*pas$wo~d_too.(doesn't-it)")
    );
    let to: ToHeader = odd.headers.required().unwrap();
    assert_eq!(
        to.display_name.as_deref(),
        Some("BEL:\u{7} NUL:\u{0} DEL:\u{7f}")
    );
    let from: FromHeader = odd.headers.required().unwrap();
    assert_eq!(
        from.display_name.as_deref(),
        Some("token1~` token2'+_ token3*%!.-")
    );
    assert_eq!(
        from.params.unquoted("fromParam''~+*_!.-%").unwrap(),
        "работающий"
    );
    assert_eq!(from.tag(), Some("_token~1'+`*%!-."));
}

#[test]
fn escapes_mean_something_only_where_they_are_allowed() {
    let invite = request("esc01");
    assert_eq!(
        invite.uri.user_text().as_deref(),
        Some("sips:user@example.com")
    );
    assert_eq!(invite.uri.scheme, Scheme::Sip);
    let from: FromHeader = invite.headers.required().unwrap();
    assert_eq!(from.uri.user_text().as_deref(), Some("I have spaces"));
    let contact: Contact = invite.headers.required().unwrap();
    assert!(contact.address().unwrap().uri.is_loose_router());
    let null = request("escnull");
    let contacts = null.headers.typed_list::<Contact>().unwrap();
    let users: Vec<_> = contacts
        .iter()
        .filter_map(|contact| contact.address()?.uri.user_text())
        .collect();
    assert_eq!(users, ["\u{0}", "\u{0}\u{0}"]);
    assert!(
        !contacts[0]
            .address()
            .unwrap()
            .uri
            .equivalent(&contacts[1].address().unwrap().uri)
    );
    let register = request("esc02");
    assert_eq!(register.method, Method::Other("RE%47IST%45R".into()));
    assert_eq!(register.headers.typed_list::<Contact>().unwrap().len(), 2);
}

#[test]
fn parameters_belong_to_the_user_the_uri_or_the_header() {
    let options = request("semiuri");
    assert_eq!(
        options.uri.user_text().as_deref(),
        Some("user;par=u@example.net")
    );
    assert!(options.uri.params.is_empty());
    let contact: Contact = request("cparam01").headers.required().unwrap();
    let address = contact.address().unwrap();
    assert!(address.params.has("unknownparam") && address.uri.params.is_empty());
    let contact: Contact = request("regescrt").headers.required().unwrap();
    let headers = contact.address().unwrap().uri.headers.clone();
    assert_eq!(headers.unwrap(), "Route=%3Csip:sip.example.com%3E");
}

#[test]
fn what_follows_the_announced_body_is_ignored() {
    let register = request("dblreq");
    assert_eq!(register.method, Method::Register);
    assert!(register.body.is_empty());
    assert_eq!(
        request("longreq")
            .headers
            .typed_list::<Via>()
            .unwrap()
            .len(),
        34
    );
}

#[test]
fn ipv6_addresses_and_ports_are_told_apart() {
    let target = |name| {
        let uri = request(name).uri;
        (uri.host.ip().unwrap().to_string(), uri.port)
    };
    assert_eq!(target("ipv6-good"), ("2001:db8::10".into(), None));
    assert_eq!(target("port-ambiguous"), ("2001:db8::10:5070".into(), None));
    assert_eq!(
        target("port-unambiguous"),
        ("2001:db8::10".into(), Some(5070))
    );
    assert_eq!(
        target("ipv6-bug-abnf-3-colons"),
        target("ipv6-correct-abnf-2-colons")
    );
    for name in [
        "via-received-param-with-delim",
        "via-received-param-no-delim",
    ] {
        let via: Via = request(name).headers.typed_list().unwrap().remove(0);
        assert_eq!(via.received(), "2001:db8::9:255".parse().ok(), "{name}");
        assert!(via.branch().unwrap().starts_with("z9hG4bKas3"));
    }
    let vias = request("mult-ip-in-header")
        .headers
        .typed_list::<Via>()
        .unwrap();
    let hops: Vec<String> = vias.iter().map(|via| via.host.to_string()).collect();
    assert_eq!(hops, ["[2001:db8::9:1]", "192.0.2.1", "[2001:db8::9:255]"]);
    assert_eq!(vias[0].port, Some(6050));
    let mapped: Contact = request("ipv4-mapped-ipv6").headers.required().unwrap();
    let host = &mapped.address().unwrap().uri.host;
    assert_eq!(host.ip(), "::ffff:192.0.2.2".parse().ok());
}

#[test]
fn parts_of_a_body_are_told_apart() {
    let message = request("mpart01");
    let content_type: ContentType = message.headers.required().unwrap();
    let multipart = Multipart::parse(&content_type, &message.body).unwrap();
    let [text, signature] = &multipart.parts[..] else {
        panic!("{} parts", multipart.parts.len())
    };
    assert_eq!(&text.body[..], b"Hello");
    // ASN.1: a sequence whose length is told in two bytes, and nothing behind it.
    assert_eq!(signature.body[..4], [0x30, 0x82, 0x01, 0x52]);
    assert_eq!(signature.body.len(), 4 + 0x152);
    assert!(signature.body.contains(&0));
    let (boundary, body) = multipart.print();
    let mut again = content_type;
    again.params.set("boundary", Some(&boundary));
    assert_eq!(Multipart::parse(&again, &body), Ok(multipart));
}
