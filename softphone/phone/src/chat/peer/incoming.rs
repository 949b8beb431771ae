//! Pieces of a file that comes from another device: only the next bytes are taken, and no more than were announced.

use api::room::FilePiece;

/// A file that comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Incoming {
    transfer: u32,
    received: u64,
    bytes: u64,
}

/// What came is no piece of the file, or not the next one: whoever sends it does not keep to the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("what came is not the next piece of the file")]
pub struct BadPiece;

impl Incoming {
    /// A file of so many bytes, the first `received` of which are here, whose pieces are known by this number.
    #[must_use]
    pub fn new(transfer: u32, received: u64, bytes: u64) -> Self {
        Self {
            transfer,
            received,
            bytes,
        }
    }

    /// The bytes that a message brings; none if it belongs to a transfer that was given up.
    ///
    /// # Errors
    /// If it is no piece, not the next one, or more than the file has. Then nothing has changed.
    pub fn take<'a>(&mut self, message: &'a [u8]) -> Result<&'a [u8], BadPiece> {
        let piece = FilePiece::parse(message).ok_or(BadPiece)?;
        if piece.transfer != self.transfer {
            return Ok(&[]);
        }
        let end = self.received.checked_add(piece.bytes.len() as u64);
        let end = end.filter(|end| *end <= self.bytes && piece.offset == self.received);
        self.received = end.ok_or(BadPiece)?;
        Ok(piece.bytes)
    }

    /// Bytes that are here, from the beginning.
    #[must_use]
    pub fn received(&self) -> u64 {
        self.received
    }

    /// Whether all of it has come.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.received >= self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(transfer: u32, offset: u64, bytes: &[u8]) -> Vec<u8> {
        FilePiece {
            transfer,
            offset,
            bytes,
        }
        .to_message()
    }

    #[test]
    fn only_the_next_bytes_are_taken_and_no_more_than_were_announced() {
        let mut incoming = Incoming::new(2, 3, 6);
        assert_eq!(incoming.take(&piece(1, 0, b"old")), Ok(&[][..]));
        for bad in [
            piece(2, 0, b"abc"),
            piece(2, 4, b"e"),
            piece(2, 3, b"defg"),
            piece(2, u64::MAX, b"d"),
            b"short".to_vec(),
            Vec::new(),
        ] {
            assert_eq!(incoming.take(&bad), Err(BadPiece));
            assert_eq!(incoming.received(), 3);
        }
        assert_eq!(incoming.take(&piece(2, 3, b"de")), Ok(&b"de"[..]));
        assert_eq!(incoming.take(&piece(2, 3, b"de")), Err(BadPiece));
        assert_eq!(incoming.take(&piece(2, 5, b"f")), Ok(&b"f"[..]));
        assert!(incoming.is_complete());
        assert_eq!(incoming.take(&piece(2, 6, b"g")), Err(BadPiece));
        let mut greedy = Incoming::new(1, u64::MAX, u64::MAX);
        assert_eq!(greedy.take(&piece(1, u64::MAX, b"x")), Err(BadPiece));
    }
}
