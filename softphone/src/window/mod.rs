//! What people see: the softphone's window.
//!
//! | module | what it does |
//! |---|---|
//! | `shell` | divides the window among the panels and carries what they ask for to the engine |
//! | `desk` | what the window knows; notices and actions in, commands out |
//! | `talk` | what the desk knows of calls, and what is done in them |
//! | `line`, `counter`, `toast` | what the desk is made of: calls, questions to the server, short words |
//! | `welcome`, `status`, `dialpad`, `ringing`, `call`, `ended`, `recent`, `people`, `chats`, `voicemail`, `me` | one panel each |
//! | `widgets` | the small parts that the panels are made of |
//! | `theme`, `layout`, `keys` | colours, type and sizes; columns; shortcuts |
//! | `when` | when something was, in words |
//! | `single` | that there is one window for one data folder |
//! | `settings`, `desktop` | what is remembered between runs; what the desktop is set to |
//!
//! A panel is `data`, which is plain and tested without a window, and `view`, which draws it. Nothing here waits: the
//! engine wakes the window when there is something new, and a window with nothing new does not paint.

mod call;
mod chats;
mod counter;
mod desk;
mod desktop;
mod dialpad;
mod ended;
mod keys;
mod layout;
mod line;
mod link;
mod me;
mod people;
mod recent;
mod ringing;
mod settings;
mod shell;
mod single;
mod status;
mod talk;
mod theme;
mod toast;
mod voicemail;
mod welcome;
mod when;
mod widgets;

use std::sync::{Arc, OnceLock};
use std::time::Instant;

pub use link::Link;
pub use settings::{Settings, SettingsFile, ThemeChoice};
pub use shell::Window;

use crate::engine::{Command, Engine, EngineConfig};
use crate::keep::Keep;
use single::Claim;

/// How the window starts.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// How the engine behind the window is set up.
    pub engine: EngineConfig,
    /// The server's web address to fill in at sign-in.
    pub server: Option<String>,
    /// The account's name to fill in at sign-in.
    pub login: Option<String>,
}

/// Opens the window and returns when it is closed.
///
/// # Errors
/// When there is no display or no OpenGL, or the engine cannot start.
pub fn run(options: Options) -> anyhow::Result<()> {
    let file = SettingsFile::of_this_person();
    let mut settings = file.load();
    let mut engine = options.engine;
    engine.keep = Keep::of_this_person();
    engine.uses_key_ring = true;
    let context = Arc::new(OnceLock::<egui::Context>::new());
    let _claim = match claimed(&engine.keep, context.clone()) {
        Some(Claim::Taken) => anyhow::bail!(
            "the softphone is open already, and its window comes to the front; end it there before you start it anew"
        ),
        claim => claim,
    };
    if let Some(instance) = &settings.instance {
        engine.instance = instance.clone();
    } else {
        settings.instance = Some(engine.instance.clone());
        file.save(&settings);
    }
    engine.peer_to_peer.is_on &= !settings.only_through_server;
    // Whoever is named on the command line comes in anew.
    let comes_back =
        options.server.is_none() && options.login.is_none() && engine.keep.sign_in().is_some();
    // Another server or name than last time has no password to go with it either way.
    settings.server = options.server.unwrap_or(settings.server);
    settings.name = options.login.unwrap_or(settings.name);
    open(settings, file, None, move |ctx| {
        let _ = context.set(ctx.clone());
        let wake = Box::new(move || ctx.request_repaint());
        let engine = Engine::start(engine, Some(wake))?;
        if comes_back {
            engine.send(Command::Resume)?;
        }
        Ok(Box::new(engine))
    })
}

/// Claims what is kept for this window. Without a place to keep things in, or where it cannot be claimed, windows do not
/// know of each other.
fn claimed(keep: &Keep, context: Arc<OnceLock<egui::Context>>) -> Option<Claim> {
    let show = move || {
        if let Some(ctx) = context.get() {
            ctx.send_viewport_cmd(egui::ViewportCommand::Minimized(false));
            ctx.send_viewport_cmd(egui::ViewportCommand::Focus);
            ctx.request_repaint();
        }
    };
    single::claim(keep.folder()?, show)
        .inspect_err(|error| tracing::warn!(%error, "other windows cannot be told of this one"))
        .ok()
}

/// Opens the window over whatever `connect` gives, and returns when it is closed. `connect` is handed the context to
/// wake the window with; `size` is in points, and the usual one when not given.
///
/// # Errors
/// When there is no display or no OpenGL, or `connect` fails.
pub fn open(
    settings: Settings,
    file: SettingsFile,
    size: Option<[f32; 2]>,
    connect: impl FnOnce(egui::Context) -> anyhow::Result<Box<dyn Link>>,
) -> anyhow::Result<()> {
    let mut viewport = egui::ViewportBuilder::default()
        .with_title(shell::TITLE)
        .with_app_id("carillon-softphone")
        .with_inner_size(size.unwrap_or(OPENING_SIZE))
        .with_min_inner_size(theme::MINIMUM_SIZE);
    if let Ok(icon) =
        eframe::icon_data::from_png_bytes(include_bytes!("../../../assets/icons/softphone.png"))
    {
        viewport = viewport.with_icon(icon);
    }
    let native = eframe::NativeOptions {
        viewport,
        ..Default::default()
    };
    eframe::run_native(
        shell::TITLE,
        native,
        Box::new(move |creation| {
            let link = connect(creation.egui_ctx.clone())?;
            desktop::follow_theme(creation.egui_ctx.clone());
            Ok(Box::new(App(Window::new(&creation.egui_ctx, link, settings, file))))
        }),
    )
    .map_err(|error| anyhow::anyhow!("cannot open the window ({error}); check that a display and OpenGL are there, or use `softphone headless`"))
}

/// The window's size when it opens, in points.
const OPENING_SIZE: [f32; 2] = [880.0, 620.0];

/// The window as eframe drives it, with the real clock.
struct App(Window);

impl eframe::App for App {
    fn logic(&mut self, ctx: &egui::Context, _frame: &mut eframe::Frame) {
        self.0.logic(ctx, Instant::now());
    }

    fn ui(&mut self, ui: &mut egui::Ui, _frame: &mut eframe::Frame) {
        self.0.ui(ui, Instant::now());
    }
}
