//! Whether speech arrived.

use hearing::{Recording, compare};

/// Compares what was heard with the speech in `assets/speech` that was spoken.
///
/// # Errors
/// When it is less like it than `like` (1 is the same sound), in words.
pub fn check_speech(spoken: &str, heard: &Recording, like: f64) -> Result<(), String> {
    let original = Recording::speech(spoken).at_rate(heard.rate);
    let likeness = compare(&original.samples, &heard.samples, heard.rate);
    if likeness.similarity < like {
        return Err(format!(
            "{spoken} came with {likeness:?}, which is less than {like}"
        ));
    }
    Ok(())
}
