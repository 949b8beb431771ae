//! What `softphone headless` can be told to do.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::{FileVerb, Keys, LiveVerb, VoiceNoteVerb, keys, seconds};

/// What the headless softphone does.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Register, say so, unregister: does the account work?
    Register,
    /// Call somebody and stay until one side hangs up
    Call {
        /// A number, a name or a SIP address
        target: String,
        /// Hang up this long after the answer, in seconds
        #[arg(long = "for", value_name = "SECONDS", value_parser = seconds)]
        lasting: Option<f64>,
        /// Press these keys after the answer: 0-9, *, #, A-D
        #[arg(long, value_name = "KEYS", value_parser = keys)]
        digits: Option<Keys>,
    },
    /// Wait for a call, answer it and stay until one side hangs up
    Answer {
        /// Hang up this long after the answer, in seconds
        #[arg(long = "for", value_name = "SECONDS", value_parser = seconds)]
        lasting: Option<f64>,
        /// Press these keys after the answer: 0-9, *, #, A-D
        #[arg(long, value_name = "KEYS", value_parser = keys)]
        digits: Option<Keys>,
    },
    /// Stay registered and print everything that happens until stopped; answers nothing
    Watch,
    /// Show or change the account's number
    Number {
        /// What about it.
        #[command(subcommand)]
        verb: NumberVerb,
    },
    /// Change the account: a guest's into one for good, its name, its password, its devices
    Account {
        /// What about it.
        #[command(subcommand)]
        verb: AccountVerb,
    },
    /// The people whom the account has written down
    Contacts {
        /// What about them.
        #[command(subcommand)]
        verb: ContactsVerb,
    },
    /// How calls to you are treated: do not disturb, forwards
    CallSettings {
        /// What about it.
        #[command(subcommand)]
        verb: CallSettingsVerb,
    },
    /// Past calls, the latest first: with whom, how long, why they ended and how good they were
    Calls {
        /// At most so many
        #[arg(long, value_name = "COUNT", default_value_t = 100)]
        limit: usize,
    },
    /// Be called when somebody is free who was busy or did not answer
    CallBack {
        /// What about it.
        #[command(subcommand)]
        verb: CallBackVerb,
    },
    /// Write to somebody, or into a room, and wait until the server has it on disk
    Message {
        /// A number, a name, #ACCOUNT or a room's id
        target: String,
        /// What is said
        text: String,
    },
    /// Print what was written with somebody, or in a room, the oldest first
    History {
        /// A number, a name, #ACCOUNT or a room's id
        target: String,
        /// At most so many messages, the last ones
        #[arg(long, value_name = "COUNT", default_value_t = 100)]
        limit: usize,
    },
    /// Send files, and fetch what others have sent
    File {
        /// What about them.
        #[command(subcommand)]
        verb: FileVerb,
    },
    /// Speak to somebody, or into a room, and listen to what others have spoken
    VoiceNote {
        /// What about it.
        #[command(subcommand)]
        verb: VoiceNoteVerb,
    },
    /// Conversations of several people
    Rooms {
        /// What about them.
        #[command(subcommand)]
        verb: RoomsVerb,
    },
    /// Messages that callers left when nobody answered, and what they hear before they speak
    Voicemails {
        /// What about them.
        #[command(subcommand)]
        verb: VoicemailsVerb,
    },
    /// What others see of you, and how they are
    Presence {
        /// What about it.
        #[command(subcommand)]
        verb: PresenceVerb,
    },
    /// End the sign-in at the server, and forget what --keep holds of it
    SignOut,
}

/// What about the number.
#[derive(Debug, Subcommand)]
pub enum NumberVerb {
    /// Print whose number it is
    Show,
    /// Take another number; calls in progress go on
    Change {
        /// The number that is wanted
        number: String,
        /// What those get who call the old number
        #[arg(long, value_name = "WHAT", default_value = "forward")]
        old: OldNumber,
    },
    /// Print numbers that can be had
    Free {
        /// Near this one
        near: Option<String>,
    },
}

/// What those get who call a number that was given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum OldNumber {
    /// They reach the new one
    Forward,
    /// They are told the new one
    Moved,
    /// They are told that there is nobody any more
    Gone,
}

/// What about the account.
#[derive(Debug, Subcommand)]
pub enum AccountVerb {
    /// Make an account of a guest, who keeps number and contacts
    Upgrade {
        /// The username that is wanted
        #[arg(long, value_name = "NAME")]
        username: String,
        /// A file with the password from now on
        #[arg(long, value_name = "FILE")]
        new_password_file: PathBuf,
        /// What others shall see
        #[arg(long, value_name = "TEXT")]
        display_name: Option<String>,
    },
    /// Take another username
    Rename {
        /// The username that is wanted
        username: String,
    },
    /// Change the password; ends the account's other sign-ins
    Password {
        /// A file with the present password
        #[arg(long, value_name = "FILE")]
        old_password_file: PathBuf,
        /// A file with the password from now on
        #[arg(long, value_name = "FILE")]
        new_password_file: PathBuf,
    },
    /// Print the account's devices
    Devices,
    /// Take a device's right to register away
    Revoke {
        /// The device's SIP login, as `devices` prints it
        login: String,
    },
    /// Change what others see of your name
    DisplayName {
        /// What they see, 1 to 64 characters
        text: String,
    },
    /// Set the picture that others see, or remove it
    #[command(group = clap::ArgGroup::new("what").required(true))]
    Picture {
        /// A PNG, JPEG or WebP file of 256 KiB and 2048 times 2048 pixels at most
        #[arg(group = "what")]
        file: Option<PathBuf>,
        /// Have none
        #[arg(long, group = "what")]
        remove: bool,
    },
    /// Print where the account is signed in
    Sessions,
    /// End a sign-in; its device cannot register any more
    EndSession {
        /// The id, as `sessions` prints it
        id: i64,
    },
    /// Delete the account for ever; what others have of it stays with them
    Delete {
        /// A file with the password; guests have none
        #[arg(long, value_name = "FILE")]
        confirm_password_file: Option<PathBuf>,
    },
}

/// What about the contacts.
#[derive(Debug, Subcommand)]
pub enum ContactsVerb {
    /// Print all of them
    List,
    /// Write somebody down
    Add {
        /// The number or SIP address
        number: String,
        /// What to call them; their own name without it
        #[arg(long, value_name = "TEXT")]
        name: Option<String>,
        /// Put them first
        #[arg(long)]
        favourite: bool,
    },
    /// Take somebody out
    Remove {
        /// The contact's id, as `list` prints it
        id: i64,
    },
    /// Print who can be called
    Directory {
        /// Part of a name or number
        #[arg(default_value = "")]
        query: String,
    },
}

/// What about the treatment of calls.
#[derive(Debug, Subcommand)]
pub enum CallSettingsVerb {
    /// Print it
    Get,
    /// Change what is named; the rest stays
    Set(CallSettingsChange),
}

/// What shall be different about the treatment of calls.
#[derive(Clone, Debug, Default, Args)]
pub struct CallSettingsChange {
    /// Whether no phone rings: true or false
    #[arg(long, value_name = "YES")]
    pub do_not_disturb: Option<bool>,
    /// Where every call goes instead; `none` takes it away
    #[arg(long, value_name = "WHERE")]
    pub forward_always: Option<String>,
    /// Where calls go while you speak or do not want to be disturbed; `none` takes it away
    #[arg(long, value_name = "WHERE")]
    pub forward_busy: Option<String>,
    /// Where calls go that nobody answers; `none` takes it away
    #[arg(long, value_name = "WHERE")]
    pub forward_no_answer: Option<String>,
    /// After how many seconds that is
    #[arg(long, value_name = "SECONDS")]
    pub no_answer_seconds: Option<u16>,
    /// Where calls go when no phone can be reached; `none` takes it away
    #[arg(long, value_name = "WHERE")]
    pub forward_unreachable: Option<String>,
    /// Whether a further call rings while you are in one: true or false
    #[arg(long, value_name = "YES")]
    pub call_waiting: Option<bool>,
    /// Whether callers can leave a message when you do not answer: true or false
    #[arg(long, value_name = "YES")]
    pub voicemail: Option<bool>,
    /// After how many seconds they can
    #[arg(long, value_name = "SECONDS")]
    pub voicemail_after: Option<u16>,
}

/// What about presence.
#[derive(Debug, Subcommand)]
pub enum PresenceVerb {
    /// Print what you tell about yourself
    Show,
    /// Tell something else about yourself
    Set {
        /// available, away, busy, do_not_disturb or invisible
        #[arg(value_parser = ["available", "away", "busy", "do_not_disturb", "invisible"])]
        state: String,
        /// What stands beside it; empty takes it away
        #[arg(long, value_name = "TEXT")]
        note: Option<String>,
        /// Who may see it: everyone, contacts or nobody
        #[arg(long, value_name = "WHO", value_parser = ["everyone", "contacts", "nobody"])]
        visibility: Option<String>,
    },
    /// Print how everybody is whom you may see
    List,
    /// Stay, and print it again whenever it changes
    Watch,
}

/// What about messages that callers left.
#[derive(Debug, Subcommand)]
pub enum VoicemailsVerb {
    /// Print all of them, the newest first
    List,
    /// Play one into --audio-out, and mark it as heard
    Play {
        /// Its id, as `list` prints it
        id: i64,
    },
    /// Write one into a file, as Ogg Opus
    Save {
        /// Its id, as `list` prints it
        id: i64,
        /// The file
        file: PathBuf,
    },
    /// Mark one as heard
    Heard {
        /// Its id, as `list` prints it
        id: i64,
        /// Let it count as new again
        #[arg(long)]
        not: bool,
    },
    /// Delete one
    Remove {
        /// Its id, as `list` prints it
        id: i64,
    },
    /// What callers hear before they speak
    Greeting {
        /// What about it.
        #[command(subcommand)]
        verb: GreetingVerb,
    },
}

/// What about the greeting.
#[derive(Debug, Subcommand)]
pub enum GreetingVerb {
    /// Use a recording
    Set {
        /// An Ogg Opus file
        file: PathBuf,
    },
    /// Record it from --audio-in
    Record {
        /// How long, in seconds
        #[arg(long = "for", value_name = "SECONDS", value_parser = seconds)]
        lasting: f64,
    },
    /// Write it into a file, as Ogg Opus
    Save {
        /// The file
        file: PathBuf,
    },
    /// Let callers hear the server's own words again
    Remove,
}

/// What about rooms.
#[derive(Debug, Subcommand)]
pub enum RoomsVerb {
    /// Rooms over plain TCP and UDP that end when their host leaves: nothing there is encrypted. Needs --live-rooms
    Live {
        /// What about them.
        #[command(subcommand)]
        verb: LiveVerb,
    },
    /// Print all of them, those where something happened last first
    List,
    /// Open one
    Create {
        /// Its name; composed of the people's names without it
        #[arg(long, value_name = "TEXT")]
        name: Option<String>,
        /// Who is in it besides you: numbers, names or #ACCOUNT
        #[arg(required = true)]
        people: Vec<String>,
    },
    /// Add people to one
    Add {
        /// Its id, as `list` prints it
        room: String,
        /// Numbers, names or #ACCOUNT
        #[arg(required = true)]
        people: Vec<String>,
    },
    /// Leave one
    Leave {
        /// Its id, as `list` prints it
        room: String,
    },
    /// Delete your copy of what was said in one; the others keep theirs
    Forget {
        /// Its id, as `list` prints it
        room: String,
    },
}

/// What about being called back.
#[derive(Debug, Subcommand)]
pub enum CallBackVerb {
    /// Wait for somebody: when they are free your phones ring, and the call is made when one is answered
    From {
        /// The number or name that was called in vain
        target: String,
    },
    /// Print whom you wait for
    List,
    /// Wait no more
    Cancel {
        /// The id, as `list` prints it
        id: u64,
    },
}
