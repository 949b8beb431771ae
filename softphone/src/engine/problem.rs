//! Something that went wrong, for people and for scripts.

use super::EngineConfig;

/// Something that went wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// A short stable word for scripts, such as `wrong-password`.
    pub code: &'static str,
    /// What failed and what to do, in one sentence.
    pub sentence: String,
}

/// An error's message as a sentence of its own: with a capital letter and a full stop.
pub(crate) fn sentence(error: &dyn std::error::Error) -> String {
    let message = error.to_string();
    let mut letters = message.chars();
    let mut text: String = match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => return "Something failed without saying why.".into(),
    };
    if !text.ends_with(['.', '!', '?']) {
        text.push('.');
    }
    text
}

/// Opens both audio devices and closes them again, so that a wrong name or an unreadable file is known before anybody is
/// called.
///
/// # Errors
/// The first device that cannot be opened.
pub fn check_devices(config: &EngineConfig) -> Result<(), Problem> {
    let input = devices::open_input(&config.audio_in, || {});
    input.map_err(|error| Problem {
        code: "audio-in-failed",
        sentence: sentence(&error),
    })?;
    let output = devices::open_output(&config.audio_out, || {});
    output.map_err(|error| Problem {
        code: "audio-out-failed",
        sentence: sentence(&error),
    })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{0}")]
    struct Words(&'static str);

    #[test]
    fn a_message_becomes_a_sentence() {
        assert_eq!(
            sentence(&Words("the cable is out; plug it in")),
            "The cable is out; plug it in."
        );
        assert_eq!(sentence(&Words("Really?")), "Really?");
        assert_eq!(sentence(&Words("")), "Something failed without saying why.");
    }

    #[test]
    fn a_recording_that_is_not_there_is_a_problem_before_the_call() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("missing.wav").display().to_string();
        let config = EngineConfig {
            audio_in: missing.clone(),
            audio_out: "null".into(),
            ..EngineConfig::default()
        };
        let problem = check_devices(&config).unwrap_err();
        assert_eq!(problem.code, "audio-in-failed");
        assert!(
            problem.sentence.contains("missing.wav"),
            "{}",
            problem.sentence
        );
    }
}
