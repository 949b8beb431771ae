//! Direct connections to other devices: WebRTC data channels (RFC 8831) over ICE and DTLS, by the `webrtc` crate.
//!
//! What shall be connected when, and what is said, is decided in [`phone::chat`]; here it is done. Each connection is one
//! task, and hears and tells through bounded queues. Addresses of this machine's own networks are used and nothing else:
//! no STUN server is asked, no relay, no name is looked up, and what the other side names is used only if it is near.

mod link;
mod near;

use std::collections::BTreeMap;
use std::net::IpAddr;

use phone::chat::{PeerNews, PeerOrder};
use tokio::sync::mpsc;

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
}

impl PeerLinks {
    pub(crate) fn new(home: IpAddr) -> (Self, mpsc::Receiver<PeerNews>) {
        let (news, told) = mpsc::channel(NEWS);
        let links = Self {
            links: BTreeMap::new(),
            news,
            home,
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
        let task = link::run(link, beginning, self.home, queue, self.news.clone());
        tokio::spawn(task);
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use api::room::{MessageId, PeerFrame};

    use super::*;

    /// A device with one connection.
    struct Device {
        links: PeerLinks,
        news: mpsc::Receiver<PeerNews>,
    }

    impl Device {
        fn new() -> Self {
            let (links, news) = PeerLinks::new(Ipv4Addr::LOCALHOST.into());
            Self { links, news }
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

    #[tokio::test]
    async fn two_devices_of_one_machine_connect_talk_and_hear_of_the_end() {
        let (mut ann, mut bob) = (Device::new(), Device::new());
        ann.order(PeerOrder::Call { link: 1 });
        let mut open = 0;
        while open < 2 {
            let news = tokio::select! {
                news = ann.news.recv() => pass(news, &mut bob),
                news = bob.news.recv() => pass(news, &mut ann),
            };
            match news {
                None => {}
                Some(PeerNews::Open { link: 1 }) => open += 1,
                other => panic!("{other:?}"),
            }
        }
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
