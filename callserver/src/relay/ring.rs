//! One io_uring as the relay uses it: receiving for ever into buffers that the kernel picks, sending out of the same
//! buffers, and one system call for all of it. The only code of this engine that is not checked by the compiler.
#![allow(unsafe_code)]

use std::alloc::{Layout, alloc_zeroed, dealloc, handle_alloc_error};
use std::io;
use std::net::SocketAddr;
use std::os::fd::RawFd;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use io_uring::types::{BufRingEntry, Fd, SubmitArgs, Timespec};
use io_uring::{IoUring, Probe, cqueue, opcode, squeue};

use super::address::{self, Address};

/// A ring with its buffers. Only the thread that made it may use it.
pub(super) struct Ring {
    // Dropped first: then nothing of what follows is in the kernel's hands.
    ring: IoUring,
    /// What each reception is told: how much room a source address needs.
    message: Box<libc::msghdr>,
    buffers: Buffers,
    /// Addresses of packets that wait to be sent.
    targets: Box<[Address; SUBMISSIONS]>,
    waiting: usize,
    /// Buffers whose packets wait to be sent.
    sending: Vec<u16>,
    waits_in_two_steps: bool,
}

/// What has happened.
#[derive(Clone, Copy, Debug)]
pub(super) struct Done {
    /// As it was asked for.
    pub(super) token: u64,
    /// Bytes, or an error below zero.
    pub(super) result: i32,
    /// Whether more will come without asking again.
    pub(super) is_going_on: bool,
    /// Where the received packet is.
    pub(super) buffer: Option<u16>,
}

/// A packet in a buffer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Received {
    pub(super) source: SocketAddr,
    pub(super) length: usize,
    /// Whether it was longer than the buffer.
    pub(super) is_cut: bool,
}

/// Packets that may wait to be sent, and sockets to be watched, before the kernel must be called.
const SUBMISSIONS: usize = 512;
/// What may have happened between two calls: each buffer once, and as many failures of sending.
const COMPLETIONS: u32 = 4 * BUFFERS as u32;
/// Packets that are between socket and socket. Together 2 MiB for each worker.
const BUFFERS: u16 = 1024;
/// Each with its header and source address: audio is far smaller, video packets stay below a network's usual 1,500 bytes.
const BUFFER: usize = 2048;
/// `io_uring_recvmsg_out` and the source address come before the packet.
const BEFORE_PACKET: usize = 16 + size_of::<Address>();
/// The group that the buffers are registered as; there is only one in a ring.
const GROUP: u16 = 0;

/// The memory that the kernel receives into, and the list by which it knows which parts are free.
struct Buffers {
    entries: NonNull<BufRingEntry>,
    data: NonNull<u8>,
    tail: u16,
}

impl Ring {
    /// # Errors
    /// If the kernel has no io_uring, a forbidden one or one that is too old: what is used came with Linux 6.1.
    pub(super) fn new() -> io::Result<Self> {
        let ring: IoUring = IoUring::builder()
            // One thread alone, which runs what has come only when it asks for it: packets wake nobody one by one.
            .setup_single_issuer()
            .setup_defer_taskrun()
            // One bad entry holds up none of the others.
            .setup_submit_all()
            .setup_cqsize(COMPLETIONS)
            .build(SUBMISSIONS as u32)?;
        let mut probe = Probe::new();
        ring.submitter().register_probe(&mut probe)?;
        let used = [
            opcode::RecvMsgMulti::CODE,
            opcode::Send::CODE,
            opcode::PollAdd::CODE,
            opcode::AsyncCancel::CODE,
        ];
        let params = ring.params();
        let is_complete = used.into_iter().all(|code| probe.is_supported(code))
            && params.is_feature_skip_cqe_on_success()
            && params.is_feature_ext_arg()
            && params.is_feature_nodrop();
        if !is_complete {
            return Err(io::ErrorKind::Unsupported.into());
        }
        let waits_in_two_steps = params.is_feature_min_timeout();
        let buffers = Buffers::new();
        // SAFETY: both live as long as the ring, which is dropped first, and the list has as many entries as it says.
        unsafe {
            let entries = buffers.entries.as_ptr() as u64;
            ring.submitter()
                .register_buf_ring_with_flags(entries, BUFFERS, GROUP, 0)?;
        }
        // SAFETY: a header of zeros is a valid one: no address, no parts, no flags.
        let mut message: Box<libc::msghdr> = Box::new(unsafe { std::mem::zeroed() });
        message.msg_namelen = size_of::<Address>() as _;
        // Only spares a look-up at each packet; older kernels go without.
        // Only spares a look-up at each call; older kernels go without.
        let _ = ring.submitter().register_ring_fd();
        Ok(Self {
            ring,
            message,
            buffers,
            targets: Box::new([[0; _]; SUBMISSIONS]),
            waiting: 0,
            sending: Vec::with_capacity(SUBMISSIONS),
            waits_in_two_steps,
        })
    }

    /// Receives what comes to a socket, again and again. Each packet and the end are told with `token`.
    pub(super) fn receive(&mut self, socket: RawFd, token: u64) -> io::Result<()> {
        let entry = opcode::RecvMsgMulti::new(Fd(socket), &raw const *self.message, GROUP);
        // SAFETY: the header lives in a box as long as the ring; the kernel takes buffers from the registered list only.
        unsafe { self.push(entry.build().user_data(token)) }
    }

    /// Tells with `token` each time a descriptor becomes readable.
    pub(super) fn watch(&mut self, descriptor: RawFd, token: u64) -> io::Result<()> {
        let entry = opcode::PollAdd::new(Fd(descriptor), libc::POLLIN as u32).multi(true);
        // SAFETY: it names no memory.
        unsafe { self.push(entry.build().user_data(token)) }
    }

    /// Ends what was asked for with `token`; that end is told with it.
    pub(super) fn cancel(&mut self, token: u64) -> io::Result<()> {
        let entry = opcode::AsyncCancel::new(token).build();
        let entry = entry.flags(squeue::Flags::SKIP_SUCCESS).user_data(u64::MAX);
        // SAFETY: it names no memory.
        unsafe { self.push(entry) }
    }

    /// Sends the packet in a buffer, which is free again after the next call of the kernel. Only failures are told,
    /// with `token`.
    pub(super) fn send(
        &mut self,
        socket: RawFd,
        buffer: u16,
        length: usize,
        target: SocketAddr,
        token: u64,
    ) -> io::Result<()> {
        if self.waiting == SUBMISSIONS {
            self.submit()?;
        }
        let slot = &mut self.targets[self.waiting];
        let address_length = address::write(slot, target);
        let address = slot.as_ptr();
        let packet = self.buffers.packet(buffer);
        let length = length.min(BUFFER - BEFORE_PACKET) as u32;
        // A full queue loses the packet, as the network would, and nothing ever waits for it with the buffer.
        let entry = opcode::Send::new(Fd(socket), packet, length)
            .flags(libc::MSG_DONTWAIT)
            .dest_addr(address.cast())
            .dest_addr_len(address_length)
            .build()
            .flags(squeue::Flags::SKIP_SUCCESS)
            .user_data(token);
        // SAFETY: the packet lies within its buffer, which is not given back before the kernel has taken the entry and,
        // as it must not wait, has copied the packet; the same holds for the address, whose place is not used again
        // before that either.
        unsafe { self.push(entry)? };
        self.waiting += 1;
        self.sending.push(buffer);
        Ok(())
    }

    /// Has the kernel take all that waits.
    pub(super) fn submit(&mut self) -> io::Result<()> {
        self.ring.submit()?;
        self.taken();
        Ok(())
    }

    /// The same, and works off what is due by now without waiting for more.
    pub(super) fn settle(&mut self) -> io::Result<()> {
        let at_once = Timespec::new();
        self.enter(1, &SubmitArgs::new().timespec(&at_once))
    }

    /// The same, and waits until `enough` things have happened; after `gather` for a single one is enough, after
    /// `longest` for none.
    pub(super) fn wait(
        &mut self,
        enough: usize,
        gather: Duration,
        longest: Duration,
    ) -> io::Result<()> {
        let timespec = |time: Duration| {
            Timespec::new()
                .sec(time.as_secs())
                .nsec(time.subsec_nanos())
        };
        if gather.is_zero() {
            return self.enter(1, &SubmitArgs::new().timespec(&timespec(longest)));
        }
        let micros = u32::try_from(gather.min(longest).as_micros()).unwrap_or(u32::MAX);
        if self.waits_in_two_steps {
            let (longest, args) = (timespec(longest), SubmitArgs::new());
            return self.enter(enough, &args.timespec(&longest).min_wait_usec(micros));
        }
        self.enter(
            enough,
            &SubmitArgs::new().timespec(&timespec(gather.min(longest))),
        )?;
        if self.ring.completion().is_empty() {
            self.enter(1, &SubmitArgs::new().timespec(&timespec(longest)))?;
        }
        Ok(())
    }

    fn enter(&mut self, want: usize, args: &SubmitArgs<'_, '_>) -> io::Result<()> {
        match self.ring.submitter().submit_with_args(want, args) {
            Ok(_) => {}
            // Time is up, a signal came, or more has happened than fits: all are good reasons to look.
            Err(error)
                if matches!(
                    error.raw_os_error(),
                    Some(libc::ETIME | libc::EINTR | libc::EBUSY)
                ) => {}
            Err(error) => return Err(error),
        }
        if self.ring.submission().is_empty() {
            self.taken();
        }
        Ok(())
    }

    /// The kernel has all entries: addresses and buffers of sent packets are ours again.
    fn taken(&mut self) {
        self.waiting = 0;
        for buffer in self.sending.drain(..) {
            self.buffers.give(buffer);
        }
        self.buffers.publish();
    }

    /// What has happened since the last time, in order.
    pub(super) fn done(&mut self, done: &mut Vec<Done>) {
        done.extend(self.ring.completion().map(|entry| Done {
            token: entry.user_data(),
            result: entry.result(),
            is_going_on: cqueue::more(entry.flags()),
            buffer: cqueue::buffer_select(entry.flags()),
        }));
    }

    /// The packet that was received into a buffer; `result` bytes of it were written.
    pub(super) fn received(&self, buffer: u16, result: i32) -> Option<(Received, &[u8])> {
        let written = usize::try_from(result).ok()?.min(BUFFER);
        let whole = self.buffers.written(buffer, written)?;
        let (header, rest) = whole.split_first_chunk::<16>()?;
        let (address, packet) = rest.split_first_chunk::<{ size_of::<Address>() }>()?;
        let flags = u32::from_ne_bytes([header[12], header[13], header[14], header[15]]);
        let received = Received {
            source: address::read(address)?,
            length: packet.len(),
            is_cut: flags & libc::MSG_TRUNC as u32 != 0,
        };
        Some((received, packet))
    }

    /// A buffer whose packet is not needed any more.
    pub(super) fn give_back(&mut self, buffer: u16) {
        self.buffers.give(buffer);
    }

    /// # Safety
    /// Memory that the entry names must stay as it is until the kernel has taken it, and as long as the operation says.
    unsafe fn push(&mut self, entry: squeue::Entry) -> io::Result<()> {
        if self.ring.submission().is_full() {
            self.submit()?;
        }
        // SAFETY: what it names is the caller's promise.
        let pushed = unsafe { self.ring.submission().push(&entry) };
        pushed.map_err(|_| io::ErrorKind::WouldBlock.into())
    }
}

impl Buffers {
    fn new() -> Self {
        let allocate = |layout: Layout| {
            // SAFETY: neither layout is empty.
            let memory = unsafe { alloc_zeroed(layout) };
            NonNull::new(memory).unwrap_or_else(|| handle_alloc_error(layout))
        };
        let mut buffers = Self {
            entries: allocate(Self::ENTRIES).cast(),
            data: allocate(Self::DATA),
            tail: 0,
        };
        for buffer in 0..BUFFERS {
            buffers.give(buffer);
        }
        buffers.publish();
        buffers
    }

    // The kernel wants the list at the beginning of a page.
    const ENTRIES: Layout =
        match Layout::from_size_align(size_of::<BufRingEntry>() * BUFFERS as usize, 4096) {
            Ok(layout) => layout,
            Err(_) => panic!("a page is a power of two"),
        };
    // Aligned as anything is: then the system lends the zeros, and a buffer takes memory once a packet has been in it.
    const DATA: Layout =
        match Layout::from_size_align(BUFFER * BUFFERS as usize, align_of::<u128>()) {
            Ok(layout) => layout,
            Err(_) => panic!("an alignment is a power of two"),
        };

    /// Puts a buffer on the list. The kernel sees it after [`publish`](Self::publish).
    fn give(&mut self, buffer: u16) {
        let data = self.start(buffer) as u64;
        // SAFETY: the index is below the number of entries, of which it is a power of two; the kernel reads entries up
        // to the published tail only, and one that it has taken before.
        let entry = unsafe { self.entries.add(usize::from(self.tail % BUFFERS)).as_mut() };
        entry.set_addr(data);
        entry.set_len(BUFFER as u32);
        entry.set_bid(buffer);
        self.tail = self.tail.wrapping_add(1);
    }

    fn publish(&self) {
        // SAFETY: it is the address of the list's first entry, whose last field the kernel reads as the tail; 16 bits,
        // aligned, and written by this thread alone.
        unsafe {
            let tail = BufRingEntry::tail(self.entries.as_ptr()).cast_mut();
            AtomicU16::from_ptr(tail).store(self.tail, Ordering::Release);
        }
    }

    fn start(&self, buffer: u16) -> *mut u8 {
        let buffer = usize::from(buffer % BUFFERS);
        // SAFETY: it lies within the memory, whatever the number.
        unsafe { self.data.add(buffer * BUFFER).as_ptr() }
    }

    fn packet(&self, buffer: u16) -> *const u8 {
        // SAFETY: it lies within the buffer.
        unsafe { self.start(buffer).add(BEFORE_PACKET) }
    }

    fn written(&self, buffer: u16, length: usize) -> Option<&[u8]> {
        (length <= BUFFER).then(|| {
            // SAFETY: it lies within the buffer, was zeroed at first, and the kernel has done with it and does not write
            // there until it is given back, for which this borrow must have ended.
            unsafe { std::slice::from_raw_parts(self.start(buffer), length) }
        })
    }
}

impl Drop for Buffers {
    fn drop(&mut self) {
        // SAFETY: they were allocated with these layouts, and the ring that knew them is gone.
        unsafe {
            dealloc(self.entries.as_ptr().cast(), Self::ENTRIES);
            dealloc(self.data.as_ptr(), Self::DATA);
        }
    }
}
