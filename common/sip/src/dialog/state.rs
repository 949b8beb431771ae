//! The state of one dialog (RFC 3261 section 12).

use bytes::Bytes;

use super::RouteSet;
use crate::snapshot::DialogSnapshot;
use crate::{
    BRANCH_COOKIE, CSeq, Contact, FromHeader, HeaderError, HeaderName, Headers, Method, NameAddr,
    Request, Response, Text, ToHeader, TypedHeader, Uri, Via,
};

/// How many numbers a process that takes a dialog over leaves out: more requests than one can have sent after its last
/// snapshot. A peer takes a gap (RFC 3261 section 12.2.2), and refuses a number that it has seen.
const SKIPPED_NUMBERS: u32 = 1000;

/// What both sides agree on: who they are, in what order requests come, and where they go.
#[derive(Clone, Debug)]
pub(crate) struct Dialog {
    call_id: Text,
    /// The value of From in our requests, with our tag.
    local: Text,
    /// The value of To in our requests, with their tag.
    remote: Text,
    remote_tag: Text,
    local_sequence: u32,
    remote_sequence: Option<u32>,
    target: Uri,
    routes: RouteSet,
    /// The value of our Contact.
    contact: Text,
}

impl Dialog {
    /// The dialog of a request that came in and that we answer with `local_tag`.
    pub(crate) fn from_request(
        request: &Request,
        local_tag: &str,
        contact: Text,
    ) -> Result<Self, HeaderError> {
        let headers = &request.headers;
        let FromHeader(from) = headers.required()?;
        let ToHeader(to) = headers.required()?;
        let sequence: CSeq = headers.required()?;
        Ok(Self {
            call_id: headers
                .get(&HeaderName::CallId)
                .cloned()
                .unwrap_or_default(),
            local: Text::from(to.with_tag(local_tag).to_string()),
            remote_tag: from.params.text("tag").unwrap_or_default(),
            remote: headers.get(&HeaderName::From).cloned().unwrap_or_default(),
            local_sequence: 0,
            remote_sequence: Some(sequence.number),
            target: match contact_of(headers)? {
                Some(contact) => contact,
                // RFC 2543 does without, and RFC 4475 3.4.1 wants its INVITE accepted: such a caller is where From says.
                None if is_of_rfc_2543(headers) => from.uri.clone(),
                None => return Err(Contact::malformed("is missing or holds no address")),
            },
            routes: RouteSet::from_request(headers)?,
            contact,
        })
    }

    /// The dialog of an answer to our request. A response without Contact, which must have one,
    /// leaves `target` where the request went.
    pub(crate) fn from_response(
        response: &Response,
        target: &Uri,
        contact: Text,
    ) -> Result<Self, HeaderError> {
        let headers = &response.headers;
        let ToHeader(to) = headers.required()?;
        let sequence: CSeq = headers.required()?;
        Ok(Self {
            call_id: headers
                .get(&HeaderName::CallId)
                .cloned()
                .unwrap_or_default(),
            local: headers.get(&HeaderName::From).cloned().unwrap_or_default(),
            remote_tag: to.params.text("tag").unwrap_or_default(),
            remote: headers.get(&HeaderName::To).cloned().unwrap_or_default(),
            local_sequence: sequence.number,
            remote_sequence: None,
            target: contact_of(headers)?.unwrap_or_else(|| target.clone()),
            routes: RouteSet::from_response(headers)?,
            contact,
        })
    }

    /// What another process needs to go on with it.
    pub(crate) fn snapshot(&self) -> DialogSnapshot {
        DialogSnapshot {
            call_id: self.call_id.clone(),
            local: self.local.clone(),
            remote: self.remote.clone(),
            local_sequence: self.local_sequence,
            remote_sequence: self.remote_sequence,
            target: Text::from(self.target.to_string()),
            routes: self.routes.to_texts(),
            contact: self.contact.clone(),
        }
    }

    /// Goes on with what another process has left. Numbers of ours that it gave out behind the snapshot are skipped.
    pub(crate) fn resume(snapshot: &DialogSnapshot) -> Option<Self> {
        let ToHeader(remote) = ToHeader::parse(&snapshot.remote).ok()?;
        Some(Self {
            call_id: snapshot.call_id.clone(),
            local: snapshot.local.clone(),
            remote: snapshot.remote.clone(),
            remote_tag: remote.params.text("tag").unwrap_or_default(),
            local_sequence: snapshot.local_sequence.saturating_add(SKIPPED_NUMBERS),
            remote_sequence: snapshot.remote_sequence,
            target: Uri::parse(&snapshot.target).ok()?,
            routes: RouteSet::from_texts(&snapshot.routes).ok()?,
            contact: snapshot.contact.clone(),
        })
    }

    /// What it is found by, besides our tag.
    pub(crate) fn call_id(&self) -> &str {
        &self.call_id
    }

    /// Our tag.
    pub(crate) fn local_tag(&self) -> Option<Text> {
        let FromHeader(local) = FromHeader::parse(&self.local).ok()?;
        local.params.text("tag")
    }

    pub(crate) fn remote_tag(&self) -> &str {
        &self.remote_tag
    }

    pub(crate) fn contact(&self) -> &Text {
        &self.contact
    }

    /// The number of our last request.
    pub(crate) fn local_sequence(&self) -> u32 {
        self.local_sequence
    }

    /// Numbers up to this one are taken.
    pub(crate) fn skip_to(&mut self, number: u32) {
        self.local_sequence = self.local_sequence.max(number);
    }

    /// The 2xx came: what it says of target and routes counts (section 13.2.2.4); our numbers go on.
    pub(crate) fn confirm(&mut self, response: &Response) -> Result<(), HeaderError> {
        self.refresh_target(contact_of(&response.headers)?);
        self.routes = RouteSet::from_response(&response.headers)?;
        Ok(())
    }

    /// A new request in this dialog, without Via, with the next number.
    pub(crate) fn request(&mut self, method: Method) -> Request {
        self.local_sequence = self.local_sequence.wrapping_add(1);
        self.numbered(method, self.local_sequence)
    }

    /// Requests of ours went out before this dialog was known, up to that number.
    pub(crate) fn count_from(&mut self, number: u32) {
        self.local_sequence = self.local_sequence.max(number);
    }

    /// The number for a request that is sent once more, with credentials.
    pub(crate) fn next_sequence(&mut self) -> u32 {
        self.local_sequence = self.local_sequence.wrapping_add(1);
        self.local_sequence
    }

    /// The ACK of a 2xx to our INVITE of that number (section 13.2.2.4).
    pub(crate) fn ack(&self, number: u32, credentials: Option<&Headers>, body: Bytes) -> Request {
        let mut ack = self.numbered(Method::Ack, number);
        for header in credentials.into_iter().flat_map(Headers::iter) {
            ack.headers.push(header.name.clone(), &header.value);
        }
        if !body.is_empty() {
            ack.headers.push(
                HeaderName::ContentType,
                Text::from_static("application/sdp"),
            );
        }
        ack.body = body;
        ack
    }

    /// Notes the number of a request that came in; false if it is older than one that we have seen
    /// (section 12.2.2). ACK and CANCEL repeat the number of their INVITE and are not noted.
    pub(crate) fn advance_remote(&mut self, number: u32) -> bool {
        if self.remote_sequence.is_some_and(|last| number <= last) {
            return false;
        }
        self.remote_sequence = Some(number);
        true
    }

    /// Where requests go from now on: the Contact of a target refresh request or of its answer
    /// (section 12.2.1.2).
    pub(crate) fn refresh_target(&mut self, target: Option<Uri>) {
        if let Some(target) = target {
            self.target = target;
        }
    }

    fn numbered(&self, method: Method, number: u32) -> Request {
        let mut request = Request::new(method.clone(), self.target.clone());
        request
            .headers
            .push(HeaderName::MaxForwards, Text::from_static("70"));
        self.routes.apply(&self.target, &mut request);
        request.headers.push(HeaderName::From, &self.local);
        request.headers.push(HeaderName::To, &self.remote);
        request.headers.push(HeaderName::CallId, &self.call_id);
        request.headers.push_typed(&CSeq { number, method });
        request
    }
}

/// Whether a request comes from a client older than RFC 3261: its branch has not the cookie (17.2.3).
fn is_of_rfc_2543(headers: &Headers) -> bool {
    let via = headers.typed::<Via>().ok().flatten();
    via.is_some_and(|via| {
        !via.branch()
            .is_some_and(|branch| branch.starts_with(BRANCH_COOKIE))
    })
}

/// The address in the first Contact.
pub(crate) fn contact_of(headers: &Headers) -> Result<Option<Uri>, HeaderError> {
    match headers.typed::<Contact>()? {
        Some(Contact::Address(NameAddr { uri, .. })) => Ok(Some(uri)),
        Some(Contact::Star) | None => Ok(None),
    }
}
