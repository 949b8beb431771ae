//! The formats of an audio stream, for who stands between two phones: what is there, and how to add, keep or replace some.

use std::net::Ipv4Addr;

use crate::codec::{Format, Payload, payloads};
use crate::negotiated::telephone_event;
use crate::offer::describe;
use crate::{Attribute, Codec, Connection, Crypto, Direction, Media, SessionDescription};

impl Media {
    /// The codecs that are known here, with their payload types, in the order of the `m=` line.
    #[must_use]
    pub fn speech(&self) -> Vec<(Codec, u8)> {
        let speech = |payload: Payload| match payload.format {
            Format::Speech(codec) => Some((codec, payload.payload_type)),
            Format::TelephoneEvent(_) => None,
        };
        payloads(self).into_iter().filter_map(speech).collect()
    }

    /// The payload type of dialled digits (RFC 4733) that goes with `codec`, if there is one.
    #[must_use]
    pub fn telephone_event(&self, codec: Codec) -> Option<u8> {
        telephone_event(&payloads(self), codec).map(|payload| payload.payload_type)
    }

    /// Appends those of `codecs` that the stream has not, and dialled digits on their clocks, under numbers that are free.
    pub fn add_codecs(&mut self, codecs: &[Codec]) {
        let known = payloads(self);
        for codec in codecs {
            let clock = codec.clock_rate();
            let formats = [
                (Format::Speech(*codec), codec.default_payload_type()),
                (
                    Format::TelephoneEvent(clock),
                    if clock == 8_000 { 101 } else { 110 },
                ),
            ];
            for (format, default) in formats {
                let has = |payload: &Payload| payload.format == format;
                if known.iter().any(has) || payloads(self).iter().any(has) {
                    continue;
                }
                let is_free = |number: &u8| !self.formats.contains(&number.to_string());
                let free = Some(default).filter(is_free);
                if let Some(payload_type) = free.or_else(|| (96..=127).find(is_free)) {
                    describe(
                        self,
                        Payload {
                            payload_type,
                            format,
                        },
                    );
                }
            }
        }
    }

    /// Keeps the formats that `keep` says, by their tokens in the `m=` line, and what is said about them.
    pub fn retain_formats(&mut self, keep: impl Fn(&str) -> bool) {
        self.formats.retain(|format| keep(format));
        let formats = &self.formats;
        self.attributes.retain(|attribute| {
            let is_about_one = matches!(attribute.name.as_str(), "rtpmap" | "fmtp" | "rtcp-fb");
            let about = attribute
                .value
                .as_deref()
                .and_then(|value| value.split(' ').next());
            !is_about_one
                || about.is_none_or(|about| {
                    about == "*" || formats.iter().any(|format| format == about)
                })
        });
    }

    /// Whether this format of the `m=` line is one that is known here: a codec, or dialled digits.
    #[must_use]
    pub fn is_known(&self, format: &str) -> bool {
        payloads(self)
            .iter()
            .any(|payload| payload.payload_type.to_string() == format)
    }

    /// Makes this one codec, with the digits that go with it, all that the stream has; numbers are those of `like`, and
    /// nothing changes if `like` has not the codec.
    pub fn take_formats_of(&mut self, like: &Media, codec: Codec) {
        let of_like = payloads(like);
        let Some(speech) = of_like
            .iter()
            .find(|payload| payload.format == Format::Speech(codec))
        else {
            return;
        };
        self.retain_formats(|_| false);
        describe(self, *speech);
        if let Some(digits) = telephone_event(&of_like, codec) {
            describe(self, digits);
        }
    }

    /// Says which way sound flows, in place of whatever was said.
    pub fn set_direction(&mut self, direction: Direction) {
        self.attributes
            .retain(|attribute| !Direction::is_named(&attribute.name));
        self.attributes.push(Attribute::flag(direction.as_str()));
    }

    /// Makes it a stream of SRTP with these keys, in place of whatever keys were there.
    pub fn seal(&mut self, keys: &[Crypto]) {
        self.drop_keys();
        "RTP/SAVP".clone_into(&mut self.proto);
        self.attributes
            .extend(keys.iter().map(Crypto::to_attribute));
    }

    /// Makes it a stream of plain RTP with this transport.
    pub fn unseal(&mut self, proto: &str) {
        self.drop_keys();
        proto.clone_into(&mut self.proto);
    }

    fn drop_keys(&mut self) {
        self.attributes
            .retain(|attribute| attribute.name != "crypto");
    }
}

impl SessionDescription {
    /// Spells out a stream that is on hold by its unspecified address (RFC 3264 section 8.4) as one that is on hold by its
    /// direction. Its address means nothing from then on, until [`redirect`](crate::redirect()) gives it another.
    pub fn hold_by_direction(&mut self) {
        let Some(index) = self.audio_index() else {
            return;
        };
        let audio = &self.media[index];
        let connection = self.connection_of(audio);
        if !connection.is_some_and(Connection::is_unspecified) {
            return;
        }
        let direction = Direction::of(self, audio);
        let audio = &mut self.media[index];
        audio.connection = Some(Connection::new(Ipv4Addr::LOCALHOST.into()));
        audio.set_direction(direction);
    }

    /// The audio stream that counts, as [`SessionDescription::audio`], to be changed.
    pub fn audio_mut(&mut self) -> Option<&mut Media> {
        let index = self.audio_index()?;
        self.media.get_mut(index)
    }
}
