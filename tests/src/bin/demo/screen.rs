//! The one screen of results.

use std::fmt::Write;

use end_to_end::Server;

use crate::call::{Report, Way};

/// Draws the screen.
pub(crate) fn draw(server: &Server, report: &Report) -> String {
    let mut screen = String::new();
    let ready = server.ready();
    let mut line = |text: String| {
        // Writing to a String cannot fail.
        let _ = writeln!(screen, "{text}");
    };
    line(String::new());
    line("  Carillon: alice (2001) called bob (2002) through the call server".to_owned());
    line(format!(
        "  SIP on {} (UDP and TCP), HTTP on {}",
        ready.sip, ready.http
    ));
    line(format!("  audio {}, {}", report.codec, report.encryption));
    line(String::new());
    line(format!(
        "  call set-up      {:>8.0} ms   from dialling to the answer, at the caller",
        report.set_up.as_secs_f64() * 1_000.0
    ));
    line(format!("  connected        {:>8.1} s", report.seconds));
    line(String::new());
    line(format!(
        "  {:<16} {:>14} {:>14}",
        "", "alice to bob", "bob to alice"
    ));
    let mut row = |name: &str, unit: &str, decimals: usize, value: fn(&Way) -> f64| {
        let [there, back] = [&report.ways[0], &report.ways[1]].map(value);
        line(format!(
            "  {name:<16} {there:>14.decimals$} {back:>14.decimals$}  {unit}"
        ));
    };
    row("packets sent", "", 0, |way| way.sent);
    row("packets received", "", 0, |way| way.received);
    row("packets lost", "", 0, |way| way.lost);
    row("jitter", "ms", 2, |way| way.jitter_millis);
    row("mouth to ear", "ms", 0, |way| way.mouth_to_ear_millis);
    row("similarity", "of 1", 3, |way| way.similarity);
    line(String::new());
    for text in [
        "Mouth to ear: from the first sample taken at the microphone to the same sound at the speaker,",
        "found by sliding the heard recording over the spoken one.",
        "Similarity: mean correlation in time of the loudness in twenty bands from 200 to 3400 Hz, where",
        "there was speech. 1 is the same sound, a good coded copy is above 0.9, other speech below 0.4.",
    ] {
        line(format!("  {text}"));
    }
    line(String::new());
    line(format!(
        "  heard by bob     {}",
        report.ways[0].recording.display()
    ));
    line(format!(
        "  heard by alice   {}",
        report.ways[1].recording.display()
    ));
    screen
}
