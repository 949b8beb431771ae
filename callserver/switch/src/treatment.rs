//! How somebody wants to be called: the owner's own settings, as the directory knows them at the moment of the call.

use std::collections::BTreeSet;
use std::time::Duration;

use sip::Text;

use crate::{AccountId, Destination, DeviceId};

/// What is done with calls to an account. The default rings all its phones at once.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Treatment {
    /// No phone rings; callers hear 486, unless the calls of one who is busy go elsewhere.
    pub do_not_disturb: bool,
    /// Where every call goes instead.
    pub forward_always: Option<Text>,
    /// Where a call goes while the owner is busy, or does not want to be disturbed.
    pub forward_busy: Option<Text>,
    /// Where a call goes when no phone of the owner's can be reached.
    pub forward_unreachable: Option<Text>,
    /// Where a call goes that nobody has answered for so long.
    pub forward_no_answer: Option<(Text, Duration)>,
    /// In which order the phones ring, or the members of a group.
    pub ring: Ring,
    /// Whose phones ring instead: then this is a group.
    pub members: Vec<Destination>,
    /// The owner counts as busy while in so many calls; `None`: as often as the phones themselves like.
    pub max_calls: Option<usize>,
    /// Who is not heard: as members of a group these people do not ring for them.
    pub blocked: BTreeSet<AccountId>,
    /// The groups that the owner is a member of: who is in one of them, too, may take the owner's calls.
    pub groups: BTreeSet<AccountId>,
    /// Whether callers who hide who they are hear 433 (RFC 5079).
    pub refuses_anonymous: bool,
    /// Whether a message can be left.
    pub voicemail: Option<Voicemail>,
}

/// In which order the phones of an account ring, or the members of a group.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub enum Ring {
    /// All of them.
    #[default]
    AtOnce,
    /// One after another.
    InOrder {
        /// The phones that ring first, in this order; then the others. Says nothing about the members of a group, who ring in
        /// the order in which they stand there.
        devices: Vec<DeviceId>,
        /// How long each of them rings.
        each: Duration,
    },
}

/// A message can be left.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Voicemail {
    /// When nobody has answered for so long.
    pub after: Duration,
    /// Whether there is no room for another one: callers hear that instead.
    pub is_full: bool,
}
