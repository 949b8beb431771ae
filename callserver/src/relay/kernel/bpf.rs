//! The system call `bpf`, and the memory that the kernel notes packets in. The only code of the kernel path that is not
//! checked by the compiler.
#![allow(unsafe_code)]

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use super::forward::{NOTED, Noted};

/// A map from keys of some bytes to values of some bytes.
#[derive(Debug)]
pub(super) struct Map(OwnedFd);

/// A program that the kernel has checked.
#[derive(Debug)]
pub(super) struct Program(OwnedFd);

/// A program at an interface. Dropping it takes it away from there, and so does the end of the process.
#[derive(Debug)]
pub(super) struct Link {
    _descriptor: OwnedFd,
}

// Commands, kinds of maps and programs (`linux/bpf.h`).
const MAP_CREATE: libc::c_long = 0;
const MAP_UPDATE: libc::c_long = 2;
const MAP_DELETE: libc::c_long = 3;
const PROGRAM_LOAD: libc::c_long = 5;
const LINK_CREATE: libc::c_long = 28;
const HASH: u32 = 1;
const ARRAY_OF_MAPS: u32 = 12;
const RING: u32 = 27;
const FOR_TRAFFIC: u32 = 3;
const AT_INGRESS: u32 = 46;
/// Entries take memory when they are there, not before.
const AS_NEEDED: u32 = 1;

/// What the system call is told, as long as its longest part that is used here.
type Told = [u64; 16];

/// Puts numbers of 32 bits into it.
fn told(words: &[u32]) -> Told {
    let mut told = [0; 16];
    for (slot, pair) in told.iter_mut().zip(words.chunks(2)) {
        let mut bytes = [0; 8];
        for (place, word) in bytes.chunks_exact_mut(4).zip(pair) {
            place.copy_from_slice(&word.to_ne_bytes());
        }
        *slot = u64::from_ne_bytes(bytes);
    }
    told
}

fn descriptor_of(descriptor: &impl AsRawFd) -> u32 {
    // Descriptors are never negative.
    descriptor.as_raw_fd().unsigned_abs()
}

/// # Safety
/// What `told` points to must be as long as the command and its maps say, and live until this returns.
unsafe fn call(command: libc::c_long, told: &Told) -> io::Result<i32> {
    // SAFETY: `told` is as long as said; the rest is the caller's promise.
    let result = unsafe {
        libc::syscall(
            libc::SYS_bpf,
            command,
            told.as_ptr(),
            size_of::<Told>() as libc::c_uint,
        )
    };
    match i32::try_from(result) {
        Ok(result) if result >= 0 => Ok(result),
        _ => Err(io::Error::last_os_error()),
    }
}

/// # Safety
/// As for [`call`]; the command must be one that returns a new descriptor.
unsafe fn make(command: libc::c_long, told: &Told) -> io::Result<OwnedFd> {
    // SAFETY: the caller's promise.
    let descriptor = unsafe { call(command, told)? };
    // SAFETY: the kernel has just made it for us.
    Ok(unsafe { OwnedFd::from_raw_fd(descriptor) })
}

impl Map {
    /// A map with keys of `K` bytes and values of `V` bytes.
    pub(super) fn hash<const K: usize, const V: usize>(most: u32) -> io::Result<Self> {
        Self::new([HASH, K as u32, V as u32, most, AS_NEEDED, 0])
    }

    /// Places for as many rings of `bytes` as are given, by their number.
    fn of_rings(rings: &[Notes], most: u32) -> io::Result<Self> {
        let first = rings.first().ok_or(io::ErrorKind::InvalidInput)?;
        let like = descriptor_of(&first.ring);
        Self::new([ARRAY_OF_MAPS, 4, 4, most, 0, like])
    }

    fn new(words: [u32; 6]) -> io::Result<Self> {
        // SAFETY: making a map names no memory.
        unsafe { make(MAP_CREATE, &told(&words)).map(Self) }
    }

    pub(super) fn put<const K: usize, const V: usize>(
        &self,
        key: &[u8; K],
        value: &[u8; V],
    ) -> io::Result<()> {
        self.change(MAP_UPDATE, key, Some(value.as_slice()))
    }

    pub(super) fn remove<const K: usize>(&self, key: &[u8; K]) -> io::Result<()> {
        self.change(MAP_DELETE, key, None)
    }

    fn change(&self, command: libc::c_long, key: &[u8], value: Option<&[u8]>) -> io::Result<()> {
        let mut told = told(&[descriptor_of(&self.0)]);
        told[1] = key.as_ptr() as u64;
        // What a command does not use must be zero.
        told[2] = value.map_or(0, |value| value.as_ptr() as u64);
        // SAFETY: both live until the call returns and are as long as the map's keys and values: each map is used with one
        // type of key and value, of which its lengths were made.
        unsafe { call(command, &told).map(drop) }
    }

    /// For a program.
    pub(super) fn descriptor(&self) -> i32 {
        self.0.as_raw_fd()
    }
}

impl Program {
    /// Has the kernel check and take a program for packets that come in.
    pub(super) fn load(code: &[u64]) -> io::Result<Self> {
        // The kernel lets only programs under its own licence use some of its functions, so programs are under either.
        let licence = c"Dual MIT/GPL";
        let mut told = told(&[FOR_TRAFFIC, code.len() as u32]);
        told[1] = code.as_ptr() as u64;
        told[2] = licence.as_ptr() as u64;
        // Its place of use, the eighteenth number of 32 bits.
        let at = u64::from(AT_INGRESS);
        told[8] = if cfg!(target_endian = "little") {
            at << 32
        } else {
            at
        };
        // SAFETY: code and licence live until the call returns, and are as long as said and ended by a zero.
        unsafe { make(PROGRAM_LOAD, &told).map(Self) }
    }

    /// Runs it for what comes to an interface, before everything else on this machine sees it. Linux 6.6 or newer.
    pub(super) fn attach(&self, interface: u32) -> io::Result<Link> {
        let words = [descriptor_of(&self.0), interface, AT_INGRESS, 0];
        // SAFETY: making a link names no memory.
        let descriptor = unsafe { make(LINK_CREATE, &told(&words))? };
        Ok(Link {
            _descriptor: descriptor,
        })
    }
}

/// The ring in which the kernel notes packets for one worker (`BPF_MAP_TYPE_RINGBUF`), mapped.
#[derive(Debug)]
pub(super) struct Notes {
    ring: OwnedFd,
    /// One page with how far we have read, which we write.
    read: Mapping,
    /// One page with how far the kernel has written, and its data twice in a row, so that nothing ever wraps.
    written: Mapping,
}

/// How many bytes a ring holds: notes of the sixth part of a second at a hundred thousand packets a second. What has no
/// room comes to the worker itself.
const RING_BYTES: usize = 1 << 20;
/// A note in the ring has eight bytes before it: its length, with two flags, and what only the kernel needs.
const BEFORE_NOTE: usize = 8;
const IS_BEING_WRITTEN: u32 = 1 << 31;
const IS_VOID: u32 = 1 << 30;

impl Notes {
    fn new() -> io::Result<Self> {
        let Map(ring) = Map::new([RING, 0, 0, RING_BYTES as u32, 0, 0])?;
        let page = rustix::param::page_size();
        let may_write = libc::PROT_READ | libc::PROT_WRITE;
        let read = Mapping::new(&ring, 0, page, may_write)?;
        let written = Mapping::new(&ring, page, page + 2 * RING_BYTES, libc::PROT_READ)?;
        Ok(Self {
            ring,
            read,
            written,
        })
    }

    /// One for each worker, and the map in which the program finds them.
    pub(super) fn for_workers(count: usize) -> io::Result<(Vec<Self>, Map)> {
        let rings: Vec<_> = (0..count).map(|_| Self::new()).collect::<Result<_, _>>()?;
        let map = Map::of_rings(&rings, count as u32)?;
        for (number, ring) in (0_u32..).zip(&rings) {
            let descriptor = descriptor_of(&ring.ring);
            map.put(&number.to_ne_bytes(), &descriptor.to_ne_bytes())?;
        }
        Ok((rings, map))
    }

    /// The oldest that was not taken yet.
    pub(super) fn take(&mut self) -> Option<Noted> {
        let page = rustix::param::page_size();
        // SAFETY: both numbers stand at the start of a mapped page, and are only used as atomic ones.
        let (read, written) = unsafe {
            let read = AtomicU64::from_ptr(self.read.start.as_ptr().cast());
            (
                read,
                AtomicU64::from_ptr(self.written.start.as_ptr().cast()),
            )
        };
        loop {
            let at = read.load(Ordering::Relaxed);
            if at >= written.load(Ordering::Acquire) {
                return None;
            }
            let offset = page + (at as usize & (RING_BYTES - 1));
            // SAFETY: the data are mapped twice, so what begins within the first part lies within both; the kernel keeps
            // its headers on multiples of eight bytes.
            let header =
                unsafe { AtomicU32::from_ptr(self.written.start.as_ptr().add(offset).cast()) };
            let header = header.load(Ordering::Acquire);
            if header & IS_BEING_WRITTEN != 0 {
                return None;
            }
            let length = (header & !IS_VOID) as usize;
            let mut bytes = [0; NOTED];
            let is_note = header & IS_VOID == 0 && length == NOTED;
            if is_note {
                // SAFETY: it is as long as its header says and lies within the mapping; the kernel writes there again only
                // after we have said below that it was read.
                unsafe {
                    let from = self.written.start.as_ptr().add(offset + BEFORE_NOTE);
                    std::ptr::copy_nonoverlapping(from, bytes.as_mut_ptr(), NOTED);
                }
            }
            let taken = (length + BEFORE_NOTE).next_multiple_of(8) as u64;
            read.store(at + taken, Ordering::Release);
            if is_note {
                return Some(Noted::from_bytes(&bytes));
            }
        }
    }
}

/// Memory that is shared with the kernel.
#[derive(Debug)]
struct Mapping {
    start: NonNull<u8>,
    length: usize,
}

// SAFETY: it is an address of memory that belongs to the whole process; who has it alone decides who reads there.
unsafe impl Send for Mapping {}

impl Mapping {
    fn new(
        of: &OwnedFd,
        offset: usize,
        length: usize,
        protection: libc::c_int,
    ) -> io::Result<Self> {
        let offset = libc::off_t::try_from(offset).map_err(|_| io::ErrorKind::InvalidInput)?;
        // SAFETY: a new mapping at an address that the kernel chooses touches no other memory.
        let start = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                length,
                protection,
                libc::MAP_SHARED,
                of.as_raw_fd(),
                offset,
            )
        };
        if start == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let start = NonNull::new(start.cast()).ok_or(io::ErrorKind::OutOfMemory)?;
        Ok(Self { start, length })
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: it was mapped with this length, and nothing refers to it any more.
        unsafe {
            libc::munmap(self.start.as_ptr().cast(), self.length);
        }
    }
}
