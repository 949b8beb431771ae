//! Subscription-State: whether a subscription goes on (RFC 6665 8.2.3).

use crate::wire::header_list::{HeaderError, TypedHeader};
use crate::wire::header_name::HeaderName;
use crate::wire::params::Params;
use crate::wire::syntax;
use crate::wire::text::Text;

/// The state of a subscription.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SubscriptionPhase {
    /// Accepted, and notifications come.
    Active,
    /// Received; whether it is allowed is not yet known.
    Pending,
    /// Over.
    Terminated,
    /// A state of an extension, as it was written.
    Other(Text),
}

/// `active;expires=60`, `terminated;reason=noresource`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubscriptionState {
    /// The state.
    pub phase: SubscriptionPhase,
    /// `expires`, `reason`, `retry-after` and others.
    pub params: Params,
}

impl SubscriptionState {
    /// An active subscription and the seconds that are left of it.
    pub fn active(expires_seconds: u32) -> SubscriptionState {
        SubscriptionState {
            phase: SubscriptionPhase::Active,
            params: Params::new().with("expires", Some(&expires_seconds.to_string())),
        }
    }

    /// A subscription that has ended; the reason is a token such as `timeout` or `noresource`.
    pub fn terminated(reason: &str) -> SubscriptionState {
        SubscriptionState {
            phase: SubscriptionPhase::Terminated,
            params: Params::new().with("reason", Some(reason)),
        }
    }

    /// The seconds that are left.
    pub fn expires(&self) -> Option<u32> {
        self.params.value("expires").and_then(syntax::parse_number)
    }

    /// Why it has ended.
    pub fn reason(&self) -> Option<&str> {
        self.params.value("reason")
    }

    /// Seconds to wait before subscribing again.
    pub fn retry_after(&self) -> Option<u32> {
        self.params
            .value("retry-after")
            .and_then(syntax::parse_number)
    }
}

impl TypedHeader for SubscriptionState {
    const NAME: HeaderName = HeaderName::SubscriptionState;

    fn parse(value: &Text) -> Result<SubscriptionState, HeaderError> {
        let end = memchr::memchr(b';', value.as_bytes()).unwrap_or(value.len());
        let phase = syntax::trim(&value[..end]);
        let phase = match phase.to_ascii_lowercase().as_str() {
            "active" => SubscriptionPhase::Active,
            "pending" => SubscriptionPhase::Pending,
            "terminated" => SubscriptionPhase::Terminated,
            _ if syntax::is_token(phase) => SubscriptionPhase::Other(value.share(phase)),
            _ => return Err(Self::malformed("does not begin with a state")),
        };
        Ok(SubscriptionState {
            phase,
            params: Params::parse_header(value, &value[end..])
                .ok_or_else(|| Self::malformed("has a malformed parameter"))?,
        })
    }

    fn print(&self, out: &mut String) {
        out.push_str(match &self.phase {
            SubscriptionPhase::Active => "active",
            SubscriptionPhase::Pending => "pending",
            SubscriptionPhase::Terminated => "terminated",
            SubscriptionPhase::Other(state) => state,
        });
        out.push_str(self.params.as_str());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn state_and_parameters_are_read_and_printed() {
        for (text, printed) in [
            ("active;expires=60", "active;expires=60"),
            ("Pending ; expires=600", "pending;expires=600"),
            ("waiting;x", "waiting;x"),
        ] {
            let state = SubscriptionState::parse(&Text::from(text)).unwrap();
            assert_eq!(state.to_text(), printed);
        }
        assert_eq!(SubscriptionState::active(60).expires(), Some(60));
        let text = Text::from("terminated;reason=probation;retry-after=30");
        let ended = SubscriptionState::parse(&text).unwrap();
        assert_eq!(ended.phase, SubscriptionPhase::Terminated);
        assert_eq!(
            (ended.reason(), ended.retry_after()),
            (Some("probation"), Some(30))
        );
        assert_eq!(
            SubscriptionState::terminated("timeout").reason(),
            Some("timeout")
        );
    }

    #[test]
    fn malformed_values_are_refused() {
        for text in [
            "",
            ";expires=1",
            "a b",
            "active;expires=",
            "active, pending",
        ] {
            assert!(
                SubscriptionState::parse(&Text::from(text)).is_err(),
                "{text}"
            );
        }
    }
}
