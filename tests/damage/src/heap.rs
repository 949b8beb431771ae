//! How many bytes the program has on its heap, now and at most.

#![expect(
    unsafe_code,
    reason = "an allocator is unsafe by its nature; this one only counts and passes on"
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

static NOW: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);

/// The allocator of the system, with a count. A test makes it its own with `#[global_allocator]`.
#[derive(Debug)]
pub struct Counting;

fn grow(bytes: usize) {
    let now = NOW.fetch_add(bytes, Relaxed) + bytes;
    MOST.fetch_max(now, Relaxed);
}

// SAFETY: everything is passed on to the allocator of the system as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        grow(layout.size());
        // SAFETY: the caller keeps the promises that both functions ask for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        NOW.fetch_sub(layout.size(), Relaxed);
        // SAFETY: as above; the pointer came from the same allocator.
        unsafe { System.dealloc(pointer, layout) }
    }
}

/// Bytes on the heap.
pub fn now() -> usize {
    NOW.load(Relaxed)
}

/// Runs `work`, and tells how many bytes more than before were on the heap at its worst moment.
pub fn most_within<T>(work: impl FnOnce() -> T) -> (T, usize) {
    let before = now();
    MOST.store(before, Relaxed);
    let result = work();
    (result, MOST.load(Relaxed).saturating_sub(before))
}
