//! The way that the requests of a dialog take (RFC 3261 section 12.2.1.1).

use crate::{HeaderError, HeaderName, Headers, NameAddr, RecordRoute, Request, Route, Text, Uri};

/// The proxies that asked to stay on the way, from us to the peer.
#[derive(Clone, Debug, Default)]
pub(crate) struct RouteSet {
    routes: Vec<NameAddr>,
}

impl RouteSet {
    /// From a request that came in: in the order of Record-Route.
    pub(crate) fn from_request(headers: &Headers) -> Result<Self, HeaderError> {
        if !headers.has(&HeaderName::RecordRoute) {
            return Ok(Self::default());
        }
        let recorded = headers.typed_list::<RecordRoute>()?;
        let routes = recorded
            .into_iter()
            .map(|RecordRoute(address)| address)
            .collect();
        Ok(Self { routes })
    }

    /// From an answer to our request: in the opposite order.
    pub(crate) fn from_response(headers: &Headers) -> Result<Self, HeaderError> {
        let mut set = Self::from_request(headers)?;
        set.routes.reverse();
        Ok(set)
    }

    /// As it is kept for another process.
    pub(crate) fn to_texts(&self) -> Vec<Text> {
        let routes = self.routes.iter();
        routes.map(|route| Text::from(route.to_string())).collect()
    }

    /// As another process has kept it.
    pub(crate) fn from_texts(texts: &[Text]) -> Result<Self, HeaderError> {
        let mut headers = Headers::new();
        for text in texts {
            headers.push(HeaderName::RecordRoute, text);
        }
        Self::from_request(&headers)
    }

    /// Writes Request-URI and Route of a request to `target`.
    pub(crate) fn apply(&self, target: &Uri, request: &mut Request) {
        let Some(first) = self.routes.first() else {
            request.uri = target.clone();
            return;
        };
        if first.uri.is_loose_router() {
            request.uri = target.clone();
            self.push(&self.routes, request);
            return;
        }
        // A strict router of RFC 2543 wants itself in the Request-URI, and the target at the end of
        // the routes. What a Request-URI may not hold is left away (section 19.1.1, table 1).
        request.uri = first.uri.clone();
        request.uri.headers = None;
        request.uri.params.remove("method");
        self.push(&self.routes[1..], request);
        request
            .headers
            .push_typed(&Route(NameAddr::new(target.clone())));
    }

    fn push(&self, routes: &[NameAddr], request: &mut Request) {
        if routes.is_empty() {
            return;
        }
        let mut value = String::new();
        for route in routes {
            if !value.is_empty() {
                value.push_str(", ");
            }
            value.push_str(&route.to_string());
        }
        request.headers.push(HeaderName::Route, Text::from(value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Method;

    fn request_by(recorded: &[&'static str], is_response: bool) -> (String, Vec<String>) {
        let mut headers = Headers::new();
        for value in recorded {
            headers.push(HeaderName::RecordRoute, Text::from_static(value));
        }
        let set = if is_response {
            RouteSet::from_response(&headers)
        } else {
            RouteSet::from_request(&headers)
        };
        let target = Uri::parse("sip:bob@192.0.2.4").unwrap();
        let mut request = Request::new(Method::Bye, target.clone());
        set.unwrap().apply(&target, &mut request);
        let routes = request
            .headers
            .all(&HeaderName::Route)
            .map(|value| value.to_string());
        (request.uri.to_string(), routes.collect())
    }

    #[test]
    fn without_routes_the_target_is_asked_directly() {
        assert_eq!(
            request_by(&[], false),
            ("sip:bob@192.0.2.4".to_owned(), vec![])
        );
    }

    #[test]
    fn the_caller_takes_the_recorded_routes_backwards() {
        let recorded = ["<sip:p2.example;lr>, <sip:p1.example;lr>"];
        let (uri, routes) = request_by(&recorded, true);
        assert_eq!(uri, "sip:bob@192.0.2.4");
        assert_eq!(routes, ["<sip:p1.example;lr>, <sip:p2.example;lr>"]);
        let (_, routes) = request_by(&recorded, false);
        assert_eq!(routes, ["<sip:p2.example;lr>, <sip:p1.example;lr>"]);
    }

    #[test]
    fn a_strict_router_gets_itself_in_the_request_uri() {
        let recorded = ["<sip:old.example;method=INVITE>", "<sip:p1.example;lr>"];
        let (uri, routes) = request_by(&recorded, false);
        assert_eq!(uri, "sip:old.example");
        assert_eq!(routes, ["<sip:p1.example;lr>", "<sip:bob@192.0.2.4>"]);
    }
}
