//! End-to-end tests: the real binaries, real sockets, other people's phones.
#![expect(
    clippy::unwrap_used,
    reason = "a test says by a panic that something is wrong"
)]

mod calls;
mod certificates;
mod connections;
mod direct_files;
mod encryption;
mod guest_softphones;
mod guests;
mod homes;
mod http_interface;
mod intruders;
mod kills;
mod linphone;
mod live_rooms;
mod mutations;
mod number_changes;
mod outliving;
mod peer_to_peer;
mod presence;
mod probes;
mod races;
mod refusals;
mod restarts;
mod robustness;
mod silence;
mod sip_messages;
mod sipp_scenarios;
mod softphone_calls;
mod softphone_errands;
mod softphone_files;
mod softphone_menu;
mod softphone_messages;
mod softphone_numbers;
mod softphone_voice_notes;
mod sound_card;
mod strangers;
mod translation;
mod treatment;
mod voicemail;
mod web_socket;
