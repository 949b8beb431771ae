//! States that come, change and go.

use super::*;
use crate::Method;

const SECOND: Duration = Duration::from_secs(1);

fn publish(seconds: Option<u32>, tag: Option<&str>, body: &'static str) -> Request {
    let mut request = Request::new(Method::Publish, "sip:alice@example.com".parse().unwrap());
    if let Some(seconds) = seconds {
        request.headers.push_typed(&Expires(seconds));
    }
    if let Some(tag) = tag {
        request.headers.push_typed(&SipIfMatch(tag.into()));
    }
    request.body = Bytes::from_static(body.as_bytes());
    request
}

fn store() -> (PublicationStore, Instant) {
    let limits = PublicationLimits {
        total: 4,
        per_resource: 2,
        body_bytes: 8,
        ..PublicationLimits::default()
    };
    (PublicationStore::new(limits, [1; 32]), Instant::now())
}

fn bodies(store: &PublicationStore, resource: &str) -> Vec<Bytes> {
    let documents = store.documents(resource, "presence");
    documents.map(|document| document.body.clone()).collect()
}

#[test]
fn a_state_is_published_refreshed_changed_and_removed() {
    let (mut store, now) = store();
    let does = |store: &mut PublicationStore, request: Request| {
        store.publish(now, "alice", "presence", &request).unwrap()
    };
    let first = does(&mut store, publish(Some(600), None, "open"));
    assert_eq!(
        (first.change, first.expires_seconds),
        (Change::Created, 600)
    );
    let second = does(&mut store, publish(Some(600), Some(&first.tag), ""));
    assert_eq!(second.change, Change::Refreshed);
    assert_ne!(first.tag, second.tag);
    assert_eq!(bodies(&store, "alice"), ["open"]);
    let third = does(&mut store, publish(None, Some(&second.tag), "closed"));
    assert_eq!(
        (third.change, third.expires_seconds),
        (Change::Modified, 3600)
    );
    assert_eq!(bodies(&store, "alice"), ["closed"]);
    let last = does(&mut store, publish(Some(0), Some(&third.tag), ""));
    assert_eq!(last.change, Change::Removed);
    assert!(store.is_empty() && store.next_expiry().is_none());
}

#[test]
fn an_old_name_is_refused() {
    let (mut store, now) = store();
    let first = store
        .publish(now, "alice", "presence", &publish(None, None, "open"))
        .unwrap();
    let refresh = publish(None, Some(&first.tag), "");
    store.publish(now, "alice", "presence", &refresh).unwrap();
    for (resource, package) in [
        ("alice", "presence"),
        ("bob", "presence"),
        ("alice", "dialog"),
    ] {
        let error = store.publish(now, resource, package, &refresh).unwrap_err();
        assert_eq!(error.status().code(), 412);
    }
    assert_eq!(bodies(&store, "alice"), ["open"]);
}

#[test]
fn what_is_not_refreshed_is_forgotten() {
    let (mut store, now) = store();
    let first = store
        .publish(now, "alice", "presence", &publish(Some(60), None, "open"))
        .unwrap();
    assert_eq!(store.next_expiry(), Some(now + 60 * SECOND));
    // Even before the owner has cleaned up.
    let late = publish(Some(60), Some(&first.tag), "");
    let error = store.publish(now + 60 * SECOND, "alice", "presence", &late);
    assert_eq!(error, Err(PublishError::NoSuchState));
    assert_eq!(store.expire(now + 59 * SECOND), []);
    assert_eq!(
        store.expire(now + 60 * SECOND),
        [(Text::from("alice"), Text::from("presence"))]
    );
    assert!(store.is_empty());
}

#[test]
fn bounds_are_kept() {
    let (mut store, now) = store();
    let mut status = |resource: &str, request: Request| {
        let answer = store.publish(now, resource, "presence", &request);
        answer.map_err(|error| (error.status().code(), error.headers().len()))
    };
    assert_eq!(status("a", publish(Some(59), None, "x")), Err((423, 1)));
    assert_eq!(status("a", publish(None, None, "123456789")), Err((413, 0)));
    assert_eq!(status("a", publish(None, None, "")), Err((400, 0)));
    assert!(status("a", publish(None, None, "1")).is_ok());
    assert!(status("a", publish(None, None, "2")).is_ok());
    assert_eq!(status("a", publish(None, None, "3")), Err((503, 1)));
    assert!(status("b", publish(None, None, "1")).is_ok());
    assert!(status("b", publish(None, None, "2")).is_ok());
    assert_eq!(status("c", publish(None, None, "1")), Err((503, 1)));
    let mut twice = publish(None, Some("a"), "x");
    twice.headers.push(HeaderName::SipIfMatch, "b");
    assert_eq!(status("a", twice), Err((400, 0)));
}
