//! Direct connections to other devices: WebRTC data channels (RFC 8831) over ICE and DTLS, by the `webrtc` crate.
//!
//! What shall be connected when, and what is said, is decided in [`phone::chat`]; here it is done. Each connection is one
//! task, and hears and tells through bounded queues. Addresses of this machine's own networks are used and nothing else:
//! no STUN server is asked, no relay, no name is looked up, and what the other side names is used only if it is near.

mod files;
mod link;
mod near;

use std::collections::BTreeMap;
use std::net::IpAddr;

use phone::chat::{PeerNews, PeerOrder};
use tokio::sync::mpsc;

use crate::engine::courier::source::Source;
use crate::engine::received::Received;
use files::FileOrder;
use link::{Beginning, LinkOrder};

/// News that may wait; then the connections wait, and with them the other side.
const NEWS: usize = 256;
/// Orders to one connection that may wait. What is more is a connection that takes nothing.
const ORDERS: usize = 1024;

/// The direct connections of this device. Dropping it ends them.
pub(crate) struct PeerLinks {
    links: BTreeMap<u64, mpsc::Sender<LinkOrder>>,
    news: mpsc::Sender<PeerNews>,
    /// Our address on the way to the server.
    home: IpAddr,
    /// Where files come to; none are taken without it.
    received: Option<Received>,
}

impl PeerLinks {
    pub(crate) fn new(
        home: IpAddr,
        received: Option<Received>,
    ) -> (Self, mpsc::Receiver<PeerNews>) {
        let (news, told) = mpsc::channel(NEWS);
        let links = Self {
            links: BTreeMap::new(),
            news,
            home,
            received,
        };
        (links, told)
    }

    /// Carries out an order. What it gives is to be told at once.
    pub(crate) fn order(&mut self, order: PeerOrder) -> Option<PeerNews> {
        let (link, order) = match order {
            PeerOrder::Call { link } => {
                self.begin(link, Beginning::Call);
                return None;
            }
            PeerOrder::Take { link, sdp } => {
                self.begin(link, Beginning::Take(sdp));
                return None;
            }
            PeerOrder::Accept { link, sdp } => (link, LinkOrder::Accept(sdp)),
            PeerOrder::Candidate { link, candidate } => (link, LinkOrder::Candidate(candidate)),
            PeerOrder::Send { link, frame } => (link, LinkOrder::Send(frame)),
            PeerOrder::SendFile {
                link,
                transfer,
                attachment,
                bytes,
                offset,
            } => {
                let source = Source::of(&attachment, bytes);
                let order = FileOrder::Send {
                    transfer,
                    source,
                    offset,
                };
                (link, LinkOrder::File(order))
            }
            PeerOrder::TakeFile {
                link,
                transfer,
                from,
                file,
            } => {
                let order = FileOrder::Take {
                    transfer,
                    from,
                    file,
                };
                (link, LinkOrder::File(order))
            }
            PeerOrder::StopFile {
                link,
                transfer,
                is_ours,
            } => {
                let order = match is_ours {
                    true => FileOrder::StopSending(transfer),
                    false => FileOrder::StopTaking(transfer),
                };
                (link, LinkOrder::File(order))
            }
            PeerOrder::Drop { link } => {
                // Its task ends when nobody can order it anything.
                self.links.remove(&link);
                return None;
            }
        };
        let sender = self.links.get(&link)?;
        if sender.try_send(order).is_ok() {
            return None;
        }
        self.links.remove(&link);
        Some(PeerNews::Lost { link })
    }

    fn begin(&mut self, link: u64, beginning: Beginning) {
        let (orders, queue) = mpsc::channel(ORDERS);
        self.links.insert(link, orders);
        let place = (self.home, self.received.clone());
        let task = link::run(link, beginning, place, queue, self.news.clone());
        tokio::spawn(task);
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use api::room::{FileRef, MessageId, PeerFrame};
    use phone::chat::Attachment;

    use super::*;

    /// A device with one connection.
    struct Device {
        links: PeerLinks,
        news: mpsc::Receiver<PeerNews>,
        folder: tempfile::TempDir,
    }

    impl Device {
        fn new() -> Self {
            let folder = tempfile::tempdir().expect("a folder");
            let received = Received::beside(&folder.path().join("conversations.sqlite"));
            let (links, news) = PeerLinks::new(Ipv4Addr::LOCALHOST.into(), received);
            Self {
                links,
                news,
                folder,
            }
        }

        fn order(&mut self, order: PeerOrder) {
            assert_eq!(self.links.order(order), None);
        }
    }

    /// Passes on what one tells, to the other; gives what is more than that.
    fn pass(news: Option<PeerNews>, to: &mut Device) -> Option<PeerNews> {
        match news.expect("it lives") {
            PeerNews::Described { sdp, .. } if sdp.contains("setup:actpass") => {
                to.order(PeerOrder::Take { link: 1, sdp });
            }
            PeerNews::Described { sdp, .. } => to.order(PeerOrder::Accept { link: 1, sdp }),
            PeerNews::Candidate { candidate, .. } => {
                let link = 1;
                to.order(PeerOrder::Candidate { link, candidate });
            }
            news => return Some(news),
        }
        None
    }

    /// The next news of one that is more than that.
    async fn next(from: &mut Device, to: &mut Device) -> PeerNews {
        loop {
            if let Some(news) = pass(from.news.recv().await, to) {
                return news;
            }
        }
    }

    /// Connects two of them.
    async fn connect(ann: &mut Device, bob: &mut Device) {
        ann.order(PeerOrder::Call { link: 1 });
        let mut open = 0;
        while open < 2 {
            let news = tokio::select! {
                news = ann.news.recv() => pass(news, bob),
                news = bob.news.recv() => pass(news, ann),
            };
            match news {
                None => {}
                Some(PeerNews::Open { link: 1 }) => open += 1,
                other => panic!("{other:?}"),
            }
        }
    }

    /// A file of Ann's, and what Bob is told of it.
    fn file(ann: &Device, bytes: usize) -> (Attachment, FileRef, Vec<u8>) {
        let contents: Vec<u8> = (0..bytes).map(|at| (at / 7 % 251) as u8).collect();
        let path = ann.folder.path().join("file");
        std::fs::write(&path, &contents).expect("written");
        let facts = std::fs::metadata(&path).expect("there");
        let sha256 = api::hex(ring::digest::digest(&ring::digest::SHA256, &contents).as_ref());
        let attachment = Attachment {
            path: path.to_string_lossy().into_owned(),
            modified_millis: crate::engine::courier::modified_millis(&facts),
            is_ours: false,
            upload: None,
        };
        let file = FileRef {
            file: FileRef::id_by_contents(&sha256),
            sha256,
            name: "file".into(),
            media_type: "text/plain".into(),
            bytes: bytes as u64,
        };
        (attachment, file, contents)
    }

    /// Bob wants the file under this number; says how much of it is there.
    async fn want(ann: &mut Device, bob: &mut Device, transfer: u32, file: &FileRef) -> u64 {
        bob.order(PeerOrder::TakeFile {
            link: 1,
            transfer,
            from: api::AccountId(1),
            file: Box::new(file.clone()),
        });
        loop {
            match next(bob, ann).await {
                PeerNews::FileReady { offset, .. } => return offset,
                PeerNews::FileCame { .. } => {}
                other => panic!("{other:?}"),
            }
        }
    }

    fn send(ann: &mut Device, attachment: &Attachment, transfer: u32, bytes: u64, offset: u64) {
        ann.order(PeerOrder::SendFile {
            link: 1,
            transfer,
            attachment: Box::new(attachment.clone()),
            bytes,
            offset,
        });
    }

    #[tokio::test]
    async fn a_file_travels_breaks_off_and_goes_on_and_is_the_same_in_the_end() {
        let (mut ann, mut bob) = (Device::new(), Device::new());
        connect(&mut ann, &mut bob).await;
        let (attachment, file, contents) = file(&ann, 3_000_001);
        assert_eq!(want(&mut ann, &mut bob, 1, &file).await, 0);
        send(&mut ann, &attachment, 1, file.bytes, 0);
        // Bob wants it once more, in the middle of it: what has come so far stays, and the rest of the first is ignored.
        let offset = want(&mut ann, &mut bob, 2, &file).await;
        send(&mut ann, &attachment, 2, file.bytes, offset);
        let taken = loop {
            match next(&mut bob, &mut ann).await {
                PeerNews::FileTaken {
                    transfer: 2,
                    attachment,
                    ..
                } => break attachment,
                PeerNews::FileCame { .. } => {}
                other => panic!("{other:?}"),
            }
        };
        assert!(std::fs::read(&taken.path).expect("there") == contents);
        // What is there whole is not asked for again.
        bob.order(PeerOrder::TakeFile {
            link: 1,
            transfer: 3,
            from: api::AccountId(1),
            file: Box::new(file.clone()),
        });
        let again = next(&mut bob, &mut ann).await;
        assert!(matches!(again, PeerNews::FileTaken { transfer: 3, .. }));
        // A file that is another one by now is not sent.
        std::fs::write(&attachment.path, "other").expect("written");
        send(&mut ann, &attachment, 4, file.bytes, 0);
        loop {
            match next(&mut ann, &mut bob).await {
                PeerNews::FileNotSent { transfer: 4, .. } => break,
                PeerNews::FileSent { .. } => {}
                other => panic!("{other:?}"),
            }
        }
    }

    #[tokio::test]
    async fn two_devices_of_one_machine_connect_talk_and_hear_of_the_end() {
        let (mut ann, mut bob) = (Device::new(), Device::new());
        connect(&mut ann, &mut bob).await;
        for number in 0..100 {
            let id = MessageId::parse(&format!("m-{number}")).expect("an id");
            let frame = Box::new(PeerFrame::Ack { id });
            ann.order(PeerOrder::Send { link: 1, frame });
        }
        for number in 0..100 {
            let heard = next(&mut bob, &mut ann).await;
            let PeerNews::Heard { frame, .. } = heard else {
                panic!("{heard:?}");
            };
            let id = MessageId::parse(&format!("m-{number}")).expect("an id");
            assert_eq!(*frame, PeerFrame::Ack { id });
        }
        ann.order(PeerOrder::Drop { link: 1 });
        let end = next(&mut bob, &mut ann).await;
        assert_eq!(end, PeerNews::Lost { link: 1 });
    }
}
