//! A piece of a file on its way from device to device: one binary message of the second data channel.

/// The largest file that goes from device to device while the server has not said what it takes, in bytes.
pub const LARGEST_PEER_FILE: u64 = 2_200_000_000;

/// A piece of a file: the number of the transfer (4 bytes, the highest first), the place of the first byte in the file
/// (8 bytes, the highest first), and the bytes themselves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FilePiece<'a> {
    /// The number that `want` has named.
    pub transfer: u32,
    /// Where in the file the first byte stands.
    pub offset: u64,
    /// The bytes: one at least.
    pub bytes: &'a [u8],
}

impl<'a> FilePiece<'a> {
    /// Bytes before those of the file.
    pub const HEADER: usize = 12;
    /// The most bytes of a file in one piece: a message of SCTP that two devices pass on without trouble.
    pub const MOST: usize = 32 * 1024;

    /// Reads a message; nothing if it is none, empty or too long.
    #[must_use]
    pub fn parse(message: &'a [u8]) -> Option<Self> {
        let (transfer, rest) = message.split_first_chunk()?;
        let (offset, bytes) = rest.split_first_chunk()?;
        (1..=Self::MOST).contains(&bytes.len()).then(|| Self {
            transfer: u32::from_be_bytes(*transfer),
            offset: u64::from_be_bytes(*offset),
            bytes,
        })
    }

    /// The message.
    #[must_use]
    pub fn to_message(&self) -> Vec<u8> {
        let mut message = Vec::with_capacity(Self::HEADER + self.bytes.len());
        message.extend_from_slice(&self.transfer.to_be_bytes());
        message.extend_from_slice(&self.offset.to_be_bytes());
        message.extend_from_slice(self.bytes);
        message
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_printed_is_read(transfer: u32, offset: u64, bytes in prop::collection::vec(any::<u8>(), 1..300)) {
            let piece = FilePiece { transfer, offset, bytes: &bytes };
            let message = piece.to_message();
            prop_assert_eq!(FilePiece::parse(&message), Some(piece));
        }

        #[test]
        fn whatever_comes_is_read_or_not(message in prop::collection::vec(any::<u8>(), 0..40)) {
            let piece = FilePiece::parse(&message);
            prop_assert_eq!(piece.is_some(), message.len() > FilePiece::HEADER);
        }
    }

    #[test]
    fn nothing_and_too_much_is_no_piece() {
        assert_eq!(FilePiece::parse(&[0; FilePiece::HEADER]), None);
        let most = FilePiece::HEADER + FilePiece::MOST;
        assert!(FilePiece::parse(&vec![0; most]).is_some());
        assert_eq!(FilePiece::parse(&vec![0; most + 1]), None);
    }
}
