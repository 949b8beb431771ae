//! What is in the house: its files and its crates, read once from disk or made up by a test.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::{fs, io};

/// One text file of the workspace.
#[derive(Debug, Clone)]
pub struct File {
    /// Path below the workspace root, with `/` between its parts.
    pub path: String,
    /// Its whole text.
    pub text: String,
}

/// One crate of the workspace.
#[derive(Debug, Clone)]
pub struct Crate {
    /// The package name in its manifest.
    pub name: String,
    /// Its folder below the workspace root, such as `common/sip`.
    pub folder: String,
    /// The one-line purpose in its manifest; empty if there is none.
    pub description: String,
    /// Packages under `[dependencies]` and `[build-dependencies]`, for any target.
    pub dependencies: BTreeSet<String>,
    /// Packages under `[dev-dependencies]`.
    pub dev_dependencies: BTreeSet<String>,
    /// Whether it takes the lints of the workspace.
    pub takes_workspace_lints: bool,
}

/// The workspace as the rules see it.
#[derive(Debug, Clone, Default)]
pub struct House {
    /// Where it lies on disk; empty in a house made up by a test.
    pub root: PathBuf,
    /// Names of everything at the top level that is not hidden and not built.
    pub top_level: BTreeSet<String>,
    /// All text files, hidden folders and build output left out.
    pub files: Vec<File>,
    /// All member crates.
    pub crates: Vec<Crate>,
}

impl House {
    /// Reads the workspace that this crate belongs to.
    ///
    /// # Errors
    /// When a folder cannot be read or a manifest is not TOML.
    pub fn read() -> io::Result<House> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"))
            .ancestors()
            .nth(2)
            .ok_or_else(|| io::Error::other("this crate does not lie two folders deep"))?
            .to_path_buf();
        let mut house = House {
            root: root.clone(),
            ..House::default()
        };
        house.take_folder(&root, "")?;
        house.files.sort_by(|a, b| a.path.cmp(&b.path));
        house.take_crates()?;
        Ok(house)
    }

    /// The crate in whose folder a file lies: the deepest one.
    pub fn crate_of(&self, path: &str) -> Option<&Crate> {
        self.crates
            .iter()
            .filter(|member| path.starts_with(&format!("{}/", member.folder)))
            .max_by_key(|member| member.folder.len())
    }

    /// All Rust sources.
    pub fn sources(&self) -> impl Iterator<Item = &File> {
        self.files.iter().filter(|file| file.path.ends_with(".rs"))
    }

    fn take_folder(&mut self, folder: &Path, below: &str) -> io::Result<()> {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let is_folder = entry.file_type()?.is_dir();
            let built = is_folder && (name == "target" || name == "node_modules");
            // Hidden files belong to tools, not to the map.
            if name.starts_with('.') || built {
                continue;
            }
            if below.is_empty() {
                self.top_level.insert(name.clone());
            }
            let path = format!("{below}{name}");
            if is_folder {
                self.take_folder(&entry.path(), &format!("{path}/"))?;
            } else if let Ok(text) = fs::read_to_string(entry.path()) {
                // What is not UTF-8 is no text: pictures, fonts, recordings.
                self.files.push(File { path, text });
            }
        }
        Ok(())
    }

    fn take_crates(&mut self) -> io::Result<()> {
        let manifests: Vec<File> = self
            .files
            .iter()
            .filter(|file| file.path.ends_with("/Cargo.toml"))
            .cloned()
            .collect();
        for manifest in manifests {
            let member = read_manifest(&manifest).map_err(|error| {
                io::Error::other(format!("{} cannot be read: {error}", manifest.path))
            })?;
            self.crates.extend(member);
        }
        Ok(())
    }
}

/// Reads one manifest; `None` if it describes no package.
fn read_manifest(manifest: &File) -> Result<Option<Crate>, toml::de::Error> {
    let table: toml::Table = toml::from_str(&manifest.text)?;
    let Some(package) = table.get("package").and_then(toml::Value::as_table) else {
        return Ok(None);
    };
    let text = |key: &str| {
        package
            .get(key)
            .and_then(toml::Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let mut dependencies = names(&table, "dependencies");
    dependencies.extend(names(&table, "build-dependencies"));
    let mut dev_dependencies = names(&table, "dev-dependencies");
    if let Some(targets) = table.get("target").and_then(toml::Value::as_table) {
        for target in targets.values().filter_map(toml::Value::as_table) {
            dependencies.extend(names(target, "dependencies"));
            dependencies.extend(names(target, "build-dependencies"));
            dev_dependencies.extend(names(target, "dev-dependencies"));
        }
    }
    let lints = table
        .get("lints")
        .and_then(|lints| lints.get("workspace"))
        .and_then(toml::Value::as_bool);
    Ok(Some(Crate {
        name: text("name"),
        folder: manifest.path.trim_end_matches("/Cargo.toml").to_owned(),
        description: text("description"),
        dependencies,
        dev_dependencies,
        takes_workspace_lints: lints == Some(true),
    }))
}

/// The package names in one dependency table; a renamed one counts under its real name.
fn names(table: &toml::Table, key: &str) -> BTreeSet<String> {
    let Some(dependencies) = table.get(key).and_then(toml::Value::as_table) else {
        return BTreeSet::new();
    };
    dependencies
        .iter()
        .map(|(name, value)| {
            value
                .get("package")
                .and_then(toml::Value::as_str)
                .unwrap_or(name)
                .to_owned()
        })
        .collect()
}
