//! RTCP: sender and receiver reports, names, goodbyes (RFC 3550 §6).

use bytes::{BufMut, Bytes, BytesMut};

use crate::rtp::Ssrc;

const SENDER_REPORT: u8 = 200;
const RECEIVER_REPORT: u8 = 201;
const SOURCE_DESCRIPTION: u8 = 202;
const GOODBYE: u8 = 203;
/// The one item of a source description that is mandatory (§6.5.1).
const CNAME: u8 = 1;

/// What a sender says about itself (§6.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SenderInfo {
    /// 64 bit NTP time.
    pub(crate) ntp: u64,
    /// The same moment in RTP ticks.
    pub(crate) timestamp: u32,
    pub(crate) packets: u32,
    pub(crate) bytes: u32,
}

/// What a receiver says about one sender (§6.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ReportBlock {
    pub(crate) ssrc: Ssrc,
    /// Share lost since the last report, in 256ths.
    pub(crate) fraction_lost: u8,
    /// Packets lost since the start; 24 bit, signed.
    pub(crate) lost: i32,
    pub(crate) highest_sequence: u32,
    /// Interarrival jitter in RTP ticks.
    pub(crate) jitter: u32,
    /// Middle 32 bits of the NTP time of the last sender report; 0 for none.
    pub(crate) last_report: u32,
    /// Time since that report came, in 1/65536 s.
    pub(crate) delay_since_last: u32,
}

/// One report of one party.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Report {
    pub(crate) sender: Option<SenderInfo>,
    pub(crate) blocks: Vec<ReportBlock>,
}

/// One RTCP packet of a compound, as far as we need it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Control {
    Report { ssrc: Ssrc, report: Report },
    Name { ssrc: Ssrc, cname: String },
    Goodbye { sources: Vec<Ssrc> },
}

/// Why a datagram is no RTCP compound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ControlError {
    #[error("the datagram ends inside an RTCP packet")]
    Short,
    #[error("the datagram is no RTCP packet of version 2")]
    Version,
}

/// Reads a compound packet; packet types that we do not know are skipped.
pub(crate) fn parse(datagram: &[u8]) -> Result<Vec<Control>, ControlError> {
    let mut rest = datagram;
    let mut found = Vec::new();
    if rest.is_empty() {
        return Err(ControlError::Short);
    }
    while !rest.is_empty() {
        let &[first, kind, l0, l1] = rest.first_chunk().ok_or(ControlError::Short)?;
        if first >> 6 != 2 {
            return Err(ControlError::Version);
        }
        let length = 4 + 4 * usize::from(u16::from_be_bytes([l0, l1]));
        let packet = rest.get(4..length).ok_or(ControlError::Short)?;
        rest = &rest[length..];
        let count = usize::from(first & 0x1f);
        match kind {
            SENDER_REPORT | RECEIVER_REPORT => found.push(report(packet, count, kind)?),
            SOURCE_DESCRIPTION => found.extend(name(packet)),
            GOODBYE => {
                let sources = packet
                    .chunks_exact(4)
                    .take(count)
                    .map(|source| Ssrc(word(source, 0)))
                    .collect();
                found.push(Control::Goodbye { sources });
            }
            _ => {}
        }
    }
    Ok(found)
}

fn report(packet: &[u8], count: usize, kind: u8) -> Result<Control, ControlError> {
    let head = if kind == SENDER_REPORT { 24 } else { 4 };
    if packet.len() < head + 24 * count {
        return Err(ControlError::Short);
    }
    let sender = (kind == SENDER_REPORT).then(|| SenderInfo {
        ntp: u64::from(word(packet, 4)) << 32 | u64::from(word(packet, 8)),
        timestamp: word(packet, 12),
        packets: word(packet, 16),
        bytes: word(packet, 20),
    });
    let blocks = packet[head..]
        .chunks_exact(24)
        .take(count)
        .map(|block| ReportBlock {
            ssrc: Ssrc(word(block, 0)),
            fraction_lost: block[4],
            // Sign-extend 24 bits.
            lost: (word(block, 4) << 8) as i32 >> 8,
            highest_sequence: word(block, 8),
            jitter: word(block, 12),
            last_report: word(block, 16),
            delay_since_last: word(block, 20),
        })
        .collect();
    Ok(Control::Report {
        ssrc: Ssrc(word(packet, 0)),
        report: Report { sender, blocks },
    })
}

/// The first chunk's canonical name; a broken description has none.
fn name(packet: &[u8]) -> Option<Control> {
    let ssrc = Ssrc(u32::from_be_bytes(*packet.first_chunk()?));
    let mut items = &packet[4..];
    loop {
        let &[item, length] = items.first_chunk()?;
        if item == 0 {
            return None;
        }
        let text = items.get(2..2 + usize::from(length))?;
        if item == CNAME {
            let cname = String::from_utf8_lossy(text).into_owned();
            return Some(Control::Name { ssrc, cname });
        }
        items = &items[2 + usize::from(length)..];
    }
}

/// The big-endian word at `at`; the caller has checked the length.
fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

/// Prints a compound of a report, the canonical name and, at the end of a call, a goodbye (§6.1).
pub(crate) fn print(ssrc: Ssrc, report: &Report, cname: &str, goodbye: bool) -> Bytes {
    let mut out = BytesMut::with_capacity(128);
    let kind = match report.sender {
        Some(_) => SENDER_REPORT,
        None => RECEIVER_REPORT,
    };
    let blocks = &report.blocks[..report.blocks.len().min(31)];
    packet(&mut out, kind, blocks.len(), |out| {
        out.put_u32(ssrc.0);
        if let Some(sender) = report.sender {
            out.put_u64(sender.ntp);
            out.put_u32(sender.timestamp);
            out.put_u32(sender.packets);
            out.put_u32(sender.bytes);
        }
        for block in blocks {
            out.put_u32(block.ssrc.0);
            let lost = block.lost.clamp(-0x80_0000, 0x7f_ffff) as u32;
            out.put_u32(u32::from(block.fraction_lost) << 24 | lost & 0xff_ffff);
            out.put_u32(block.highest_sequence);
            out.put_u32(block.jitter);
            out.put_u32(block.last_report);
            out.put_u32(block.delay_since_last);
        }
    });
    packet(&mut out, SOURCE_DESCRIPTION, 1, |out| {
        let cname = &cname.as_bytes()[..cname.len().min(255)];
        out.put_u32(ssrc.0);
        out.put_u8(CNAME);
        out.put_u8(cname.len() as u8);
        out.put_slice(cname);
        // At least one zero ends the items; the chunk fills whole words.
        out.put_bytes(0, 4 - (2 + cname.len()) % 4);
    });
    if goodbye {
        packet(&mut out, GOODBYE, 1, |out| out.put_u32(ssrc.0));
    }
    out.freeze()
}

fn packet(out: &mut BytesMut, kind: u8, count: usize, body: impl FnOnce(&mut BytesMut)) {
    let start = out.len();
    out.put_u8(2 << 6 | count as u8);
    out.put_u8(kind);
    out.put_u16(0);
    body(out);
    let words = ((out.len() - start) / 4 - 1) as u16;
    out[start + 2..start + 4].copy_from_slice(&words.to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn block() -> impl Strategy<Value = ReportBlock> {
        (
            any::<(u32, u8, u32, u32, u32, u32)>(),
            -0x80_0000..0x80_0000,
        )
            .prop_map(|(any, lost)| ReportBlock {
                ssrc: Ssrc(any.0),
                fraction_lost: any.1,
                lost,
                highest_sequence: any.2,
                jitter: any.3,
                last_report: any.4,
                delay_since_last: any.5,
            })
    }

    proptest! {
        #[test]
        fn what_is_printed_reads_the_same(
            ssrc: u32, sender: Option<(u64, u32, u32, u32)>,
            blocks in prop::collection::vec(block(), 0..4), cname in "[a-z@.]{1,40}", goodbye: bool,
        ) {
            let ssrc = Ssrc(ssrc);
            let sender = sender.map(|(ntp, timestamp, packets, bytes)| {
                SenderInfo { ntp, timestamp, packets, bytes }
            });
            let report = Report { sender, blocks };
            let datagram = print(ssrc, &report, &cname, goodbye);
            prop_assert!(crate::rtp::is_control(&datagram));
            prop_assert_eq!(datagram.len() % 4, 0);
            let mut expected = vec![
                Control::Report { ssrc, report },
                Control::Name { ssrc, cname },
            ];
            if goodbye {
                expected.push(Control::Goodbye { sources: vec![ssrc] });
            }
            prop_assert_eq!(parse(&datagram).unwrap(), expected);
        }

        #[test]
        fn no_datagram_panics(mut datagram in prop::collection::vec(any::<u8>(), 0..100)) {
            let _ = parse(&datagram);
            if let [first, kind, length, ..] = datagram.as_mut_slice() {
                *first = *first & 0x3f | 0x80;
                *kind = 200 + *kind % 5;
                *length = 0;
                let _ = parse(&datagram);
            }
        }
    }

    #[test]
    fn a_packet_of_another_kind_is_skipped() {
        let mut datagram = vec![0x80, 206, 0, 1, 1, 2, 3, 4];
        datagram.extend_from_slice(&print(Ssrc(7), &Report::default(), "me", false));
        assert_eq!(parse(&datagram).unwrap().len(), 2);
    }
}
