//! Target-Dialog: that the sender knows a dialog of the receiver, which proves its right to ask (RFC 4538).

use crate::wire::header_list::{HeaderError, TypedHeader};
use crate::wire::header_name::HeaderName;
use crate::wire::params::Params;
use crate::wire::syntax;
use crate::wire::text::Text;

/// `fa77as7dad8-sd98ajzz@host.example.com;local-tag=kkaz-;remote-tag=6544`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetDialog {
    /// The Call-ID of the dialog.
    pub call_id: Text,
    /// Both tags and others.
    pub params: Params,
}

impl TargetDialog {
    /// A dialog by its Call-ID and its tags, as the sender of the header sees them.
    pub fn new(call_id: impl Into<Text>, local_tag: &str, remote_tag: &str) -> TargetDialog {
        TargetDialog {
            call_id: call_id.into(),
            params: Params::new()
                .with("local-tag", Some(local_tag))
                .with("remote-tag", Some(remote_tag)),
        }
    }

    /// The tag of the sender of the header.
    pub fn local_tag(&self) -> &str {
        self.params.value("local-tag").unwrap_or_default()
    }

    /// The tag of its receiver.
    pub fn remote_tag(&self) -> &str {
        self.params.value("remote-tag").unwrap_or_default()
    }
}

impl TypedHeader for TargetDialog {
    const NAME: HeaderName = HeaderName::TargetDialog;

    fn parse(value: &Text) -> Result<TargetDialog, HeaderError> {
        let end = memchr::memchr(b';', value.as_bytes()).unwrap_or(value.len());
        let call_id = syntax::trim(&value[..end]);
        if !super::call_id::is_call_id(call_id) {
            return Err(TargetDialog::malformed("does not begin with a Call-ID"));
        }
        let params = Params::parse_header(value, &value[end..])
            .ok_or_else(|| TargetDialog::malformed("has a malformed parameter"))?;
        if params.value("local-tag").is_none() || params.value("remote-tag").is_none() {
            return Err(TargetDialog::malformed("lacks a tag"));
        }
        Ok(TargetDialog {
            call_id: value.share(call_id),
            params,
        })
    }

    fn print(&self, out: &mut String) {
        out.push_str(&self.call_id);
        out.push_str(self.params.as_str());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::headers::round_trip::{are_refused, comes_back};

    #[test]
    fn a_dialog_has_a_call_id_and_two_tags() {
        let dialog = comes_back::<TargetDialog>("fa77as@host;local-tag=kkaz-;remote-tag=6544");
        assert_eq!((dialog.local_tag(), dialog.remote_tag()), ("kkaz-", "6544"));
        assert_eq!(TargetDialog::new("fa77as@host", "kkaz-", "6544"), dialog);
        are_refused::<TargetDialog>(&[
            "",
            "a@b",
            "a@b;local-tag=1",
            "a b;local-tag=1;remote-tag=2",
        ]);
    }
}
