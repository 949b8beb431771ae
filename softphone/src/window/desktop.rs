//! Whether the desktop is set to dark or light. On Linux only the desktop portal can tell (the interface
//! `org.freedesktop.portal.Settings`); elsewhere egui knows by itself.

/// Keeps `ctx` in the desktop's theme for as long as the program runs. Where the desktop does not tell, it stays dark.
pub(crate) fn follow_theme(ctx: egui::Context) {
    #[cfg(target_os = "linux")]
    {
        let thread = std::thread::Builder::new().name("desktop-theme".into());
        let spawned = thread.spawn(move || {
            if let Err(error) = portal::follow(&ctx) {
                tracing::debug!(%error, "the desktop does not tell whether it is dark or light");
            }
        });
        if let Err(error) = spawned {
            tracing::warn!(%error, "the window cannot follow the desktop's theme");
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = ctx;
}

#[cfg(target_os = "linux")]
mod portal {
    use egui::{Context, Theme};
    use zbus::blocking::{Connection, Proxy};
    use zbus::zvariant::{OwnedValue, Value};

    const NAMESPACE: &str = "org.freedesktop.appearance";
    const KEY: &str = "color-scheme";

    /// Takes over the theme now and whenever it changes.
    pub(super) fn follow(ctx: &Context) -> zbus::Result<()> {
        let connection = Connection::session()?;
        let settings = Proxy::new(
            &connection,
            "org.freedesktop.portal.Desktop",
            "/org/freedesktop/portal/desktop",
            "org.freedesktop.portal.Settings",
        )?;
        // Listened to before it is read, so that no change falls in between.
        let changes = settings.receive_signal("SettingChanged")?;
        // `Read`, although it wraps the value twice: older portals do not know `ReadOne`.
        let value: OwnedValue = settings.call("Read", &(NAMESPACE, KEY))?;
        take_over(ctx, &value);
        for change in changes {
            let body = change.body();
            let (namespace, key, value): (String, String, OwnedValue) = body.deserialize()?;
            if namespace == NAMESPACE && key == KEY {
                take_over(ctx, &value);
            }
        }
        Ok(())
    }

    fn take_over(ctx: &Context, value: &Value<'_>) {
        ctx.options_mut(|options| options.fallback_theme = theme(value));
        ctx.request_repaint();
    }

    /// 1 asks for dark, 2 for light, 0 for neither.
    fn theme(value: &Value<'_>) -> Theme {
        match value {
            Value::Value(inner) => theme(inner),
            Value::U32(2) => Theme::Light,
            _ => Theme::Dark,
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn the_portal_says_light_once_or_twice_wrapped() {
            assert_eq!(theme(&Value::U32(2)), Theme::Light);
            assert_eq!(
                theme(&Value::Value(Box::new(Value::Value(Box::new(Value::U32(
                    2
                )))))),
                Theme::Light
            );
            assert_eq!(theme(&Value::U32(1)), Theme::Dark);
            assert_eq!(theme(&Value::U32(0)), Theme::Dark);
            assert_eq!(theme(&Value::from("light")), Theme::Dark);
        }
    }
}
