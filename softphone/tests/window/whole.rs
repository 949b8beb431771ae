//! What holds in every view.

use std::time::Duration;

use softphone::engine::{EndReason, Notice, Problem};

use crate::stage::{CALL, NARROW, Stage, WIDE, bruno_calls, ended};

#[test]
fn every_control_is_in_reach_at_every_size() {
    for size in [NARROW, [719.0, 480.0], [720.0, 480.0], WIDE] {
        Stage::new(size).assert_controls_in_reach();
        let mut stage = Stage::signed_in(size);
        stage.assert_controls_in_reach();
        stage.tell(Notice::Error(Problem {
            code: "x",
            sentence: "The microphone does not open; plug it in again.".into(),
        }));
        stage.assert_controls_in_reach();
        stage.tell(bruno_calls());
        stage.wait(Duration::from_secs(1));
        stage.assert_controls_in_reach();
        stage.tell(ended(CALL, EndReason::Cancelled));
        stage.assert_controls_in_reach();
        let stage = Stage::talking(size);
        assert!(stage.has_button("Hang up"));
        stage.assert_controls_in_reach();
    }
}

#[test]
fn a_window_in_which_nothing_happens_does_not_paint() {
    for size in [NARROW, WIDE] {
        let mut stage = Stage::signed_in(size);
        assert!(!stage.harness.ctx.has_requested_repaint());
        stage.type_loose("2");
        stage.harness.run_steps(3);
        assert!(!stage.harness.ctx.has_requested_repaint());
    }
    let stage = Stage::new(NARROW);
    assert!(!stage.harness.ctx.has_requested_repaint());
}
