//! What the engine does about recordings: they are played and made beside calls, never in one.

use api::room::FileRef;
use bytes::Bytes;

use super::arriving::Arriving;
use super::booth::{Booth, BoothNews};
use super::core::Core;
use super::messenger::MessengerOrder;
use super::{Notice, Problem};

impl Core {
    pub(super) fn play(&mut self, item: i64, recording: Bytes) {
        self.booth = None;
        if !self.conversations.is_empty() {
            self.problem(in_a_call());
            return self.outlet.tell(Notice::Played { item });
        }
        let (device, news) = (self.config.audio_out.clone(), self.booth_news.0.clone());
        self.booth = self.started(Booth::play(item, recording, device, news));
        if self.booth.is_none() {
            self.outlet.tell(Notice::Played { item });
        }
    }

    /// Plays a file that a message sends, while it comes.
    pub(super) fn play_file(&mut self, item: i64, file: Box<FileRef>) {
        self.booth = None;
        if !self.conversations.is_empty() {
            self.problem(in_a_call());
            return self.outlet.tell(Notice::Played { item });
        }
        let arriving = Arriving::default();
        let (device, news) = (self.config.audio_out.clone(), self.booth_news.0.clone());
        let started = Booth::play_arriving(item, arriving.clone(), device, news);
        self.booth = self.started(started);
        match self.booth {
            Some(_) => self.order(MessengerOrder::Listen { file, arriving }),
            None => self.outlet.tell(Notice::Played { item }),
        }
    }

    pub(super) fn record(&mut self) {
        self.booth = None;
        if !self.conversations.is_empty() {
            return self.problem(in_a_call());
        }
        let (device, news) = (self.config.audio_in.clone(), self.booth_news.0.clone());
        self.booth = self.started(Booth::record(device, news));
    }

    pub(super) fn started(&mut self, outcome: std::io::Result<Booth>) -> Option<Booth> {
        outcome
            .map_err(|error| {
                self.problem(Problem {
                    code: "no-thread",
                    sentence: format!(
                        "No sound can be made ({error}); close other programs and try again."
                    ),
                });
            })
            .ok()
    }

    pub(super) fn on_booth(&mut self, news: BoothNews) {
        self.outlet.tell(match news {
            BoothNews::Playing { item, seconds } => Notice::Playing { item, seconds },
            BoothNews::Played { item } => Notice::Played { item },
            BoothNews::Recording {
                seconds,
                level_dbfs,
            } => Notice::Recording {
                seconds,
                level_dbfs,
            },
            BoothNews::Recorded {
                recording,
                seconds,
                waveform,
            } => Notice::Recorded {
                recording,
                seconds,
                waveform,
            },
            BoothNews::Failed(problem) => Notice::Error(problem),
        });
    }
}

fn in_a_call() -> Problem {
    Problem {
        code: "in-a-call",
        sentence: "Microphone and speaker are in a call; try again when it is over.".into(),
    }
}
