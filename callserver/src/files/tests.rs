//! The store of files over a real database and a real folder.

use std::convert::Infallible;
use std::io::Cursor;

use bytes::Bytes;
use futures_util::Stream;
use futures_util::stream::iter;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use super::upload::MOST_UNFINISHED;
use super::*;
use crate::store::tests::ground::{Ground, on_both_engines};

on_both_engines!(
    a_file_arrives_whole_after_many_breaks,
    what_is_sent_twice_is_kept_once_until_nobody_needs_it,
    what_does_not_fit_is_refused_and_leaves_nothing,
    bytes_that_are_not_the_next_ones_or_not_those_that_were_sent_change_nothing,
    nobody_else_sees_or_removes_a_file,
    what_was_interrupted_at_the_end_is_finished_when_somebody_asks,
    what_is_over_is_swept,
    a_picture_has_a_small_one_for_whoever_may_read_it_and_both_go_together,
);

const ANN: AccountId = AccountId(1);
const BEN: AccountId = AccountId(2);

struct Rig {
    files: Files,
    folder: TempDir,
}

async fn rig(ground: &Ground) -> Rig {
    let folder = tempfile::tempdir().unwrap();
    let limits = FileLimits {
        largest: 1_000_000,
        quota: 1_500_000,
        unfinished_for: Duration::from_secs(3600),
        kept_for: None,
    };
    let files = Files::open(folder.path(), ground.store().await, limits, None).unwrap();
    Rig { files, folder }
}

fn body(parts: &[&[u8]]) -> impl Stream<Item = Result<Bytes, Infallible>> + Unpin + use<> {
    let parts: Vec<_> = parts
        .iter()
        .map(|part| Ok(Bytes::copy_from_slice(part)))
        .collect();
    iter(parts)
}

fn noise(length: usize) -> Vec<u8> {
    let mut state = 1_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    };
    (0..length).map(|_| next()).collect()
}

impl Rig {
    async fn sent(&self, owner: AccountId, name: &str, bytes: &[u8]) -> FileRow {
        let row = self
            .files
            .begin(owner, name, bytes.len() as u64)
            .await
            .unwrap();
        let sent = self.files.append(owner, &row.id, 0, None, body(&[bytes]));
        sent.await.unwrap().0
    }

    /// How many files are below a folder of the store.
    fn count(&self, folder: &str) -> usize {
        fn below(folder: &Path) -> usize {
            let entries = std::fs::read_dir(folder).unwrap();
            let count = |entry: io::Result<std::fs::DirEntry>| {
                let path = entry.unwrap().path();
                if path.is_dir() { below(&path) } else { 1 }
            };
            entries.map(count).sum()
        }
        below(&self.folder.path().join(folder))
    }
}

async fn a_file_arrives_whole_after_many_breaks(ground: Ground) {
    let rig = rig(&ground).await;
    let bytes = noise(900_000);
    let row = rig.files.begin(ANN, "../noise.bin", 900_000).await.unwrap();
    assert_eq!(
        (row.name.as_str(), row.sha256.as_deref()),
        ("noise.bin", None)
    );
    let mut rest = &bytes[..];
    while rest.len() > 80_000 {
        let (_, offset) = rig.files.own(ANN, &row.id).await.unwrap();
        let broken = iter([
            Ok(Bytes::copy_from_slice(&rest[..50_000])),
            Ok(Bytes::copy_from_slice(&rest[50_000..80_000])),
            Err(io::Error::from(io::ErrorKind::ConnectionReset)),
        ]);
        let sent = rig.files.append(ANN, &row.id, offset, None, broken).await;
        assert!(matches!(sent, Err(FilesError::BrokenOff)), "{sent:?}");
        rest = &rest[80_000..];
    }
    let (_, offset) = rig.files.own(ANN, &row.id).await.unwrap();
    let unfinished = rig.files.read(ANN, &row.id).await;
    assert!(matches!(unfinished, Err(FilesError::Unfinished)));
    let hash = Sha256::digest(rest).into();
    let done = rig
        .files
        .append(ANN, &row.id, offset, Some(hash), body(&[rest]));
    let (done, received) = done.await.unwrap();
    assert_eq!(received, 900_000);
    assert_eq!(done.sha256, Some(api::hex(&Sha256::digest(&bytes))));
    let (_, contents) = rig.files.read(ANN, &row.id).await.unwrap();
    let Contents::OnDisk(path) = contents else {
        panic!("there is no bucket");
    };
    assert_eq!(std::fs::read(path).unwrap(), bytes);
    assert_eq!((rig.count("uploads"), rig.count("files")), (0, 1));
}

async fn what_is_sent_twice_is_kept_once_until_nobody_needs_it(ground: Ground) {
    let rig = rig(&ground).await;
    let first = rig.sent(ANN, "a.txt", b"the same text").await;
    let second = rig.sent(BEN, "b.txt", b"the same text").await;
    assert_eq!(first.media_type, "text/plain; charset=utf-8");
    assert_eq!(rig.count("files"), 1);
    rig.files.remove(ANN, &first.id).await.unwrap();
    assert!(rig.files.read(BEN, &second.id).await.is_ok());
    rig.files.remove(BEN, &second.id).await.unwrap();
    assert_eq!(rig.count("files"), 0);
    let empty = rig.files.begin(ANN, "", 0).await.unwrap();
    assert_eq!(
        (empty.name.as_str(), empty.sha256.is_some()),
        ("file", true)
    );
}

async fn what_does_not_fit_is_refused_and_leaves_nothing(ground: Ground) {
    let rig = rig(&ground).await;
    let refused = rig.files.begin(ANN, "x", 1_000_001).await;
    assert!(matches!(
        refused,
        Err(FilesError::TooLarge { largest: 1_000_000 })
    ));
    rig.files.begin(ANN, "x", 1_000_000).await.unwrap();
    let refused = rig.files.begin(ANN, "y", 500_001).await;
    assert!(matches!(
        refused,
        Err(FilesError::Quota { quota: 1_500_000 })
    ));
    for _ in 1..MOST_UNFINISHED {
        rig.files.begin(ANN, "z", 1).await.unwrap();
    }
    let refused = rig.files.begin(ANN, "z", 1).await;
    assert!(matches!(
        refused,
        Err(FilesError::TooManyUploads {
            most: MOST_UNFINISHED
        })
    ));
    assert_eq!(rig.count("uploads") as u64, MOST_UNFINISHED);
    rig.files.begin(BEN, "x", 1).await.unwrap();
}

async fn bytes_that_are_not_the_next_ones_or_not_those_that_were_sent_change_nothing(
    ground: Ground,
) {
    let rig = rig(&ground).await;
    let row = rig.files.begin(ANN, "x", 6).await.unwrap();
    rig.files
        .append(ANN, &row.id, 0, None, body(&[b"ab"]))
        .await
        .unwrap();
    let wrong = rig.files.append(ANN, &row.id, 3, None, body(&[b"x"])).await;
    assert!(matches!(
        wrong,
        Err(FilesError::WrongOffset { received: 2 })
    ));
    let wrong = rig
        .files
        .append(ANN, &row.id, 2, Some([0; 32]), body(&[b"xx"]))
        .await;
    assert!(matches!(wrong, Err(FilesError::Checksum)));
    let wrong = rig
        .files
        .append(ANN, &row.id, 2, None, body(&[b"xxx", b"yy"]))
        .await;
    assert!(matches!(wrong, Err(FilesError::TooMuch { size: 6 })));
    assert_eq!(rig.files.own(ANN, &row.id).await.unwrap().1, 2);
    rig.files
        .append(ANN, &row.id, 2, None, body(&[b"cdef"]))
        .await
        .unwrap();
    // Sent again, because the answer was lost.
    let again = rig
        .files
        .append(ANN, &row.id, 6, None, body(&[]))
        .await
        .unwrap();
    assert!(again.0.sha256.is_some());
    let wrong = rig
        .files
        .append(ANN, &row.id, 2, None, body(&[b"cdef"]))
        .await;
    assert!(matches!(
        wrong,
        Err(FilesError::WrongOffset { received: 6 })
    ));
}

async fn nobody_else_sees_or_removes_a_file(ground: Ground) {
    let rig = rig(&ground).await;
    let row = rig.sent(ANN, "diary.txt", b"dear diary").await;
    let not_found = |result: Result<(), FilesError>| matches!(result, Err(FilesError::NotFound));
    assert!(not_found(rig.files.own(BEN, &row.id).await.map(drop)));
    assert!(not_found(rig.files.read(BEN, &row.id).await.map(drop)));
    assert!(not_found(rig.files.remove(BEN, &row.id).await));
    let sent = rig.files.append(BEN, &row.id, 10, None, body(&[])).await;
    assert!(not_found(sent.map(drop)));
    assert!(not_found(
        rig.files.read(ANN, "../../store.sqlite").await.map(drop)
    ));
    assert_eq!(rig.files.list(BEN, None, 10).await.unwrap(), []);
    assert_eq!(rig.files.list(ANN, None, 10).await.unwrap(), [row]);
}

async fn what_was_interrupted_at_the_end_is_finished_when_somebody_asks(ground: Ground) {
    let rig = rig(&ground).await;
    let row = rig.files.begin(ANN, "x", 3).await.unwrap();
    // All has come, and then the server was killed.
    std::fs::write(rig.folder.path().join("uploads").join(&row.id), b"abc").unwrap();
    let (row, received) = rig.files.own(ANN, &row.id).await.unwrap();
    assert_eq!((row.sha256.is_some(), received), (true, 3));
    assert!(rig.files.read(ANN, &row.id).await.is_ok());
}

async fn what_is_over_is_swept(ground: Ground) {
    let rig = rig(&ground).await;
    let kept = rig.sent(ANN, "kept", b"kept").await;
    rig.files.begin(ANN, "left", 5).await.unwrap();
    assert_eq!(rig.files.sweep(SystemTime::now()).await.unwrap(), 0);
    let later = SystemTime::now() + Duration::from_secs(3601);
    assert_eq!(rig.files.sweep(later).await.unwrap(), 1);
    assert_eq!(rig.count("uploads"), 0);
    assert!(rig.files.read(ANN, &kept.id).await.is_ok());
    let limits = FileLimits {
        kept_for: Some(Duration::from_secs(60)),
        ..rig.files.limits
    };
    let files = Files {
        limits,
        ..rig.files.clone()
    };
    assert_eq!(files.sweep(later).await.unwrap(), 1);
    assert_eq!(rig.count("files"), 0);
}

async fn a_picture_has_a_small_one_for_whoever_may_read_it_and_both_go_together(ground: Ground) {
    let rig = rig(&ground).await;
    let mut png = Cursor::new(Vec::new());
    let picture = image::DynamicImage::from(image::RgbImage::new(640, 480));
    picture.write_to(&mut png, image::ImageFormat::Png).unwrap();
    let row = rig.sent(ANN, "black.png", png.get_ref()).await;
    let (sha256, jpeg) = rig.files.thumbnail(ANN, &row.id).await.unwrap();
    assert_eq!(Some(sha256), row.sha256);
    assert_eq!(jpeg[..3], [0xff, 0xd8, 0xff]);
    // From the disk.
    assert_eq!(rig.files.thumbnail(ANN, &row.id).await.unwrap().1, jpeg);
    assert_eq!(rig.count("thumbnails"), 1);
    let strange = rig.files.thumbnail(BEN, &row.id).await;
    assert!(matches!(strange, Err(FilesError::NotFound)));
    let broken = rig.sent(ANN, "broken.png", &png.get_ref()[..60]).await;
    let text = rig.sent(ANN, "a.txt", b"text").await;
    for _ in 0..2 {
        for row in [&broken, &text] {
            let none = rig.files.thumbnail(ANN, &row.id).await;
            assert!(matches!(none, Err(FilesError::NoThumbnail)), "{none:?}");
        }
    }
    for row in [row, broken, text] {
        rig.files.remove(ANN, &row.id).await.unwrap();
    }
    assert_eq!((rig.count("files"), rig.count("thumbnails")), (0, 0));
}
