//! The program that the kernel runs for each packet that comes to a network interface: RTP of a call that is listed is
//! noted, readdressed and sent on at once; everything else goes its usual way.

use super::code::{Code, If, Label, Reg, Size};
use Reg::{R0, R1, R2, R3, R4, R5, R6, R7, R8, R9, R10};
use Size::{Byte, Double, Half, Word};

/// By what a packet is found, in the order of the network: source address, destination address, source port, destination
/// port.
pub(super) type Key = [u8; 12];

/// Where a packet goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Hop {
    /// In the order of [`Key`], for the packet that leaves.
    pub(super) addresses: Key,
    /// The number of the interface that it leaves by; 0 for a phone on this machine.
    pub(super) interface: u32,
    /// The worker whose call it is.
    pub(super) worker: u32,
    /// The worker's name for the socket.
    pub(super) place: u32,
    /// And for its present use.
    pub(super) generation: u32,
}

/// How long a [`Hop`] is as the kernel keeps it, in bytes.
pub(super) const HOP: usize = 28;

/// What is noted of a packet that was sent on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Noted {
    /// On the system's monotonic clock, in nanoseconds.
    pub(super) arrival: u64,
    pub(super) place: u32,
    pub(super) generation: u32,
    /// The fixed header of RTP.
    pub(super) header: [u8; 12],
    /// Of header and audio, in bytes.
    pub(super) length: u32,
}

/// How long a [`Noted`] is as the kernel writes it, in bytes.
pub(super) const NOTED: usize = 32;

impl Hop {
    /// As the program reads it.
    pub(super) fn to_bytes(self) -> [u8; HOP] {
        let mut bytes = [0; HOP];
        bytes[..12].copy_from_slice(&self.addresses);
        let numbers = [self.interface, self.worker, self.place, self.generation];
        for (slot, number) in bytes[12..].chunks_exact_mut(4).zip(numbers) {
            slot.copy_from_slice(&number.to_ne_bytes());
        }
        bytes
    }
}

impl Noted {
    /// What the program wrote.
    pub(super) fn from_bytes(bytes: &[u8; NOTED]) -> Self {
        let word = |at: usize| {
            u32::from_ne_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
        };
        let (mut arrival, mut header) = ([0; 8], [0; 12]);
        arrival.copy_from_slice(&bytes[..8]);
        header.copy_from_slice(&bytes[16..28]);
        Self {
            arrival: u64::from_ne_bytes(arrival),
            place: word(8),
            generation: word(12),
            header,
            length: word(28),
        }
    }
}

// Functions of the kernel (`man 7 bpf-helpers`).
const MAP_LOOKUP: i32 = 1;
const KTIME_GET_NS: i32 = 5;
const L4_CSUM_REPLACE: i32 = 11;
const CSUM_DIFF: i32 = 28;
const SKB_PULL_DATA: i32 = 39;
const RINGBUF_OUTPUT: i32 = 130;
const REDIRECT_NEIGH: i32 = 152;

/// The packet goes on as if nothing had seen it.
const NEXT: i32 = -1;
/// The worker looks by itself.
const NO_WAKEUP: i32 = 1;
/// The addresses are part of what UDP's checksum is made of, and a checksum that is not there stays away.
const OF_ADDRESSES: i32 = 0x10 | 0x20;
const OF_FOUR_BYTES: i32 = 0x20 | 4;

// Fields of `struct __sk_buff`.
const LENGTH: i16 = 0;
const PACKET_TYPE: i16 = 4;
const PROTOCOL: i16 = 16;
const HAS_VLAN: i16 = 20;
const DATA: i16 = 76;
const DATA_END: i16 = 80;

// Where things stand in a packet: Ethernet, IPv4 without options (RFC 791), UDP (RFC 768), RTP (RFC 3550 section 5.1).
const VERSION: i16 = 14;
const TOTAL_LENGTH: i16 = 16;
const FRAGMENT: i16 = 20;
const TIME_TO_LIVE: i16 = 22;
const IP_PROTOCOL: i16 = 23;
const IP_CHECKSUM: i16 = 24;
const SOURCE: i16 = 26;
const DESTINATION: i16 = 30;
const PORTS: i16 = 34;
const UDP_LENGTH: i16 = 38;
const UDP_CHECKSUM: i32 = 40;
const RTP: i16 = 42;
const HEADERS: i32 = 54;

const UDP: u8 = 17;
const IPV4_WITHOUT_OPTIONS: i32 = 0x45;
/// The shortest and the longest that is sent on here, with UDP's header: longer packets may have come in parts.
const SHORTEST: i32 = 8 + 12;
const LONGEST: i32 = 1480;
/// As if this machine had sent it.
const OWN_TIME_TO_LIVE: u8 = 64;

// Where things stand on the stack.
const WAS: i16 = -20;
const WAS_SOURCE: i16 = -16;
const WAS_PORTS: i16 = -8;
const BECOMES: i16 = -36;
const BECOMES_SOURCE: i16 = -32;
const WORKER: i16 = -40;
const NOTE: i16 = -72;

/// The program. `hops` finds a [`Hop`] by its [`Key`], `notes` the place where a worker's [`Noted`] go by its number: both
/// are descriptors of maps.
pub(super) fn program(hops: i32, notes: i32) -> Vec<u64> {
    let mut code = Code::default();
    let elsewhere = code.label();
    find(&mut code, hops, elsewhere);
    note(&mut code, notes, elsewhere);
    readdress(&mut code);
    leave(&mut code, elsewhere);
    code.finish()
}

/// Is it RTP over IPv4 to this machine, and listed? Leaves the packet in `R7`, UDP's length in `R8`, its hop in `R9`, and
/// the key at `WAS_SOURCE`.
fn find(code: &mut Code, hops: i32, elsewhere: Label) {
    code.copy(R6, R1);
    code.load(Word, R2, R6, PACKET_TYPE);
    code.jump_if(R2, If::NotEqual, 0, elsewhere);
    code.load(Word, R2, R6, PROTOCOL);
    let ipv4 = u16::from_ne_bytes([0x08, 0x00]);
    code.jump_if(R2, If::NotEqual, ipv4.into(), elsewhere);
    code.load(Word, R2, R6, HAS_VLAN);
    code.jump_if(R2, If::NotEqual, 0, elsewhere);
    code.load(Word, R2, R6, LENGTH);
    code.jump_if(R2, If::Less, HEADERS, elsewhere);
    // What lies in pages of its own is fetched.
    let all_there = code.label();
    code.load(Word, R7, R6, DATA);
    code.load(Word, R8, R6, DATA_END);
    code.address(R2, R7, HEADERS);
    code.jump_if_register(R2, If::LessOrEqual, R8, all_there);
    code.copy(R1, R6);
    code.set(R2, HEADERS);
    code.call(SKB_PULL_DATA);
    code.load(Word, R7, R6, DATA);
    code.load(Word, R8, R6, DATA_END);
    code.address(R2, R7, HEADERS);
    code.jump_if_register(R2, If::Greater, R8, elsewhere);
    code.here(all_there);
    code.load(Byte, R2, R7, VERSION);
    code.jump_if(R2, If::NotEqual, IPV4_WITHOUT_OPTIONS, elsewhere);
    code.load(Byte, R2, R7, IP_PROTOCOL);
    code.jump_if(R2, If::NotEqual, UDP.into(), elsewhere);
    code.load(Half, R2, R7, FRAGMENT);
    let is_part = u16::from_ne_bytes([0x3f, 0xff]);
    code.and(R2, is_part.into());
    code.jump_if(R2, If::NotEqual, 0, elsewhere);
    // Version 2, and not RTCP (RFC 5761 section 4).
    let rtp = code.label();
    code.load(Byte, R2, R7, RTP);
    code.shift_right(R2, 6);
    code.jump_if(R2, If::NotEqual, 2, elsewhere);
    code.load(Byte, R2, R7, RTP + 1);
    code.jump_if(R2, If::Less, 192, rtp);
    code.jump_if(R2, If::LessOrEqual, 223, elsewhere);
    code.here(rtp);
    code.load(Half, R8, R7, UDP_LENGTH);
    code.read_network_16(R8);
    code.jump_if(R8, If::Less, SHORTEST, elsewhere);
    code.jump_if(R8, If::Greater, LONGEST, elsewhere);
    code.load(Half, R2, R7, TOTAL_LENGTH);
    code.read_network_16(R2);
    code.add_number(R2, -20);
    code.jump_if_register(R2, If::NotEqual, R8, elsewhere);
    for (step, from) in (0..).step_by(4).zip([SOURCE, DESTINATION, PORTS]) {
        code.load(Word, R2, R7, from);
        code.store(Word, R10, WAS_SOURCE + step, R2);
    }
    code.map(R1, hops);
    code.address(R2, R10, WAS_SOURCE.into());
    code.call(MAP_LOOKUP);
    code.jump_if(R0, If::Equal, 0, elsewhere);
    code.copy(R9, R0);
}

/// Notes it for its worker. If there is no room any more, the worker gets the packet itself.
fn note(code: &mut Code, notes: i32, elsewhere: Label) {
    code.call(KTIME_GET_NS);
    code.store(Double, R10, NOTE, R0);
    for (field, at) in [(20, 8), (24, 12)] {
        code.load(Word, R2, R9, field);
        code.store(Word, R10, NOTE + at, R2);
    }
    for at in [0, 4, 8] {
        code.load(Word, R2, R7, RTP + at);
        code.store(Word, R10, NOTE + 16 + at, R2);
    }
    code.add_number(R8, -8);
    code.store(Word, R10, NOTE + 28, R8);
    code.load(Word, R2, R9, 16);
    code.store(Word, R10, WORKER, R2);
    code.map(R1, notes);
    code.address(R2, R10, WORKER.into());
    code.call(MAP_LOOKUP);
    code.jump_if(R0, If::Equal, 0, elsewhere);
    code.copy(R1, R0);
    code.address(R2, R10, NOTE.into());
    code.set(R3, NOTED as i32);
    code.set(R4, NO_WAKEUP);
    code.call(RINGBUF_OUTPUT);
    code.jump_if(R0, If::NotEqual, 0, elsewhere);
}

/// Writes its new addresses, with the checksums that belong to them (RFC 1624). Leaves the interface in `R9`.
fn readdress(code: &mut Code) {
    code.load(Half, R2, R7, TIME_TO_LIVE);
    code.store(Word, R10, WAS, R2);
    let lives = u16::from_ne_bytes([OWN_TIME_TO_LIVE, UDP]);
    code.store_number(Word, R10, BECOMES, lives.into());
    for step in [0, 4] {
        code.load(Word, R2, R9, step);
        code.store(Word, R10, BECOMES_SOURCE + step, R2);
    }
    code.load(Half, R5, R7, IP_CHECKSUM);
    code.xor(R5, 0xffff);
    difference(code, WAS, BECOMES, 12);
    // The carries, twice: the first may bring another one.
    for _ in 0..2 {
        code.copy(R1, R0);
        code.shift_right(R1, 16);
        code.and(R0, 0xffff);
        code.add(R0, R1);
    }
    code.xor(R0, 0xffff);
    code.store(Half, R7, IP_CHECKSUM, R0);
    code.load(Word, R2, R10, BECOMES);
    code.store(Half, R7, TIME_TO_LIVE, R2);
    for (step, to) in [(0, SOURCE), (4, DESTINATION)] {
        code.load(Word, R2, R10, BECOMES_SOURCE + step);
        code.store(Word, R7, to, R2);
    }
    code.load(Word, R8, R9, 8);
    code.store(Word, R7, PORTS, R8);
    code.load(Word, R9, R9, 12);
    code.set(R5, 0);
    difference(code, WAS_SOURCE, BECOMES_SOURCE, 8);
    // From here on nothing is known of the packet's place any more.
    code.copy(R1, R6);
    code.set(R2, UDP_CHECKSUM);
    code.set(R3, 0);
    code.copy(R4, R0);
    code.set(R5, OF_ADDRESSES);
    code.call(L4_CSUM_REPLACE);
    code.copy(R1, R6);
    code.set(R2, UDP_CHECKSUM);
    code.load(Word, R3, R10, WAS_PORTS);
    code.copy(R4, R8);
    code.set(R5, OF_FOUR_BYTES);
    code.call(L4_CSUM_REPLACE);
}

/// What a checksum in `R5` changes by when some bytes of the stack stand for others. Leaves it in `R0`.
fn difference(code: &mut Code, was: i16, becomes: i16, length: i32) {
    code.address(R1, R10, was.into());
    code.set(R2, length);
    code.address(R3, R10, becomes.into());
    code.set(R4, length);
    code.call(CSUM_DIFF);
}

/// Sends it on.
fn leave(code: &mut Code, elsewhere: Label) {
    // To a phone on this machine it goes as what came for it.
    code.jump_if(R9, If::Equal, 0, elsewhere);
    code.copy(R1, R9);
    code.set(R2, 0);
    code.set(R3, 0);
    code.set(R4, 0);
    code.call(REDIRECT_NEIGH);
    code.exit();
    code.here(elsewhere);
    code.set(R0, NEXT);
    code.exit();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hop_and_a_note_are_laid_out_as_the_program_reads_and_writes_them() {
        let hop = Hop {
            addresses: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12],
            interface: 13,
            worker: 14,
            place: 15,
            generation: 16,
        };
        let bytes = hop.to_bytes();
        assert_eq!(bytes[..12], hop.addresses);
        assert_eq!(bytes[24..], 16_u32.to_ne_bytes());
        let mut bytes = [0; NOTED];
        bytes[..8].copy_from_slice(&17_u64.to_ne_bytes());
        bytes[8..12].copy_from_slice(&15_u32.to_ne_bytes());
        bytes[12..16].copy_from_slice(&16_u32.to_ne_bytes());
        bytes[16] = 0x80;
        bytes[28..].copy_from_slice(&172_u32.to_ne_bytes());
        let noted = Noted::from_bytes(&bytes);
        assert_eq!((noted.arrival, noted.place, noted.generation), (17, 15, 16));
        assert_eq!((noted.header[0], noted.length), (0x80, 172));
    }
}
