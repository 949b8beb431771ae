//! Where a database is: a file, or a PostgreSQL server. Passwords in it never show themselves.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use sqlx::any::AnyConnectOptions;
use sqlx::postgres::PgConnectOptions;

/// Where a database is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum DatabasePlace {
    /// A file of SQLite.
    File(PathBuf),
    /// A database of a PostgreSQL server.
    Postgres(PostgresUrl),
}

/// `postgres://USER:PASSWORD@HOST:PORT/DATABASE`. It shows itself without the password.
#[derive(Clone, PartialEq, Eq)]
pub struct PostgresUrl {
    url: String,
    shown: String,
}

/// Why a text names no database. What was written is not repeated where it may hold a password.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum PlaceRefused {
    /// Neither a path nor a URL that is known.
    #[error(
        "--database {text:?} is no database; write a path, sqlite://PATH, or postgres://USER@HOST/DATABASE."
    )]
    Unknown {
        /// What was written.
        text: String,
    },
    /// A PostgreSQL URL that cannot be understood.
    #[error(
        "--database is not a PostgreSQL URL ({reason}); write it like postgres://USER@HOST:5432/DATABASE, with everything unusual in it percent-encoded."
    )]
    Url {
        /// What is wrong, without what was written.
        reason: String,
    },
    /// A parameter after `?` that would be ignored.
    #[error("--database has the parameter {name:?}, which is not known; known are {}.", PARAMETERS.join(", "))]
    Parameter {
        /// Its name.
        name: String,
    },
    /// No database is named.
    #[error(
        "--database names a PostgreSQL server but no database of it; add its name after a slash, like postgres://USER@HOST/carillon."
    )]
    NoDatabase,
}

/// What may stand after `?`.
const PARAMETERS: &[&str] = &[
    "sslmode",
    "sslrootcert",
    "sslcert",
    "sslkey",
    "host",
    "port",
    "user",
    "password",
    "dbname",
];

impl DatabasePlace {
    /// Reads a path, `sqlite://PATH` or `postgres://…`.
    ///
    /// # Errors
    /// What is wrong with it, in a sentence without a password.
    pub fn parse(text: &str) -> Result<Self, PlaceRefused> {
        let unknown = || PlaceRefused::Unknown {
            text: text.split('@').next_back().unwrap_or_default().to_owned(),
        };
        let path = match text.split_once(':') {
            Some(("sqlite", rest)) => rest.strip_prefix("//").unwrap_or(rest),
            Some(("postgres" | "postgresql", _)) => {
                return Ok(Self::Postgres(PostgresUrl::parse(text)?));
            }
            _ => text,
        };
        if path.is_empty() || path.contains("://") || path == ":memory:" {
            return Err(unknown());
        }
        Ok(Self::File(PathBuf::from(path)))
    }
}

impl fmt::Display for DatabasePlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Postgres(url) => url.fmt(f),
        }
    }
}

impl PostgresUrl {
    fn parse(text: &str) -> Result<Self, PlaceRefused> {
        let refused = |reason: &str| PlaceRefused::Url {
            reason: reason.to_owned(),
        };
        if let Some((_, parameters)) = text.split_once('?') {
            for parameter in parameters.split('&') {
                let name = parameter.split('=').next().unwrap_or_default();
                if !PARAMETERS.contains(&name) {
                    return Err(PlaceRefused::Parameter {
                        name: name.to_owned(),
                    });
                }
            }
        }
        // What the parser says names the rule, never the text.
        let options = PgConnectOptions::from_str(text).map_err(|error| match error {
            sqlx::Error::Configuration(reason) => refused(&reason.to_string()),
            _ => refused("it is not understood"),
        })?;
        let database = options.get_database().ok_or(PlaceRefused::NoDatabase)?;
        let host = match options.get_socket() {
            Some(folder) => folder.display().to_string(),
            None if options.get_host().contains(':') && !options.get_host().starts_with('[') => {
                format!("[{}]", options.get_host())
            }
            None => options.get_host().to_owned(),
        };
        let shown = format!(
            "postgres://{}@{host}:{}/{database}",
            options.get_username(),
            options.get_port()
        );
        Ok(Self {
            url: text.to_owned(),
            shown,
        })
    }

    /// The URL with everything that is in it, for connecting alone.
    pub(super) fn with_password(&self) -> &str {
        &self.url
    }

    /// The URL as the environment variables that PostgreSQL's own tools read. The password is among them.
    pub(crate) fn environment(&self) -> Vec<(&'static str, String)> {
        let Ok(options) = PgConnectOptions::from_str(&self.url) else {
            return Vec::new();
        };
        let host = match options.get_socket() {
            Some(folder) => folder.display().to_string(),
            None => options.get_host().trim_matches(['[', ']']).to_owned(),
        };
        let mut variables = vec![
            ("PGHOST", host),
            ("PGPORT", options.get_port().to_string()),
            ("PGUSER", options.get_username().to_owned()),
            (
                "PGDATABASE",
                options.get_database().unwrap_or_default().to_owned(),
            ),
        ];
        // The parsed options do not give back these.
        let url = AnyConnectOptions::from_str(&self.url).map(|options| options.database_url);
        if let Ok(url) = url {
            variables.extend(url.password().map(|text| ("PGPASSWORD", decoded(text))));
            for (name, value) in url.query_pairs() {
                let variable = match name.as_ref() {
                    "password" => "PGPASSWORD",
                    "sslmode" => "PGSSLMODE",
                    "sslrootcert" => "PGSSLROOTCERT",
                    "sslcert" => "PGSSLCERT",
                    "sslkey" => "PGSSLKEY",
                    _ => continue,
                };
                variables.push((variable, value.into_owned()));
            }
        }
        variables
    }
}

/// Undoes percent-encoding.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let escaped = after
            .get(..2)
            .filter(|_| *first == b'%')
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(escaped.unwrap_or(*first));
        rest = if escaped.is_some() {
            &after[2..]
        } else {
            after
        };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

impl fmt::Display for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_and_urls_are_told_apart() {
        for (text, shown) in [
            ("/d/x.sqlite", "/d/x.sqlite"),
            ("sqlite:///d/x y.sqlite", "/d/x y.sqlite"),
            ("sqlite:x", "x"),
            (
                "postgres://ann:s3cret@db.example/calls",
                "postgres://ann@db.example:5432/calls",
            ),
            (
                "postgresql://ann@[::1]:5433/calls?password=s3cret&sslmode=require",
                "postgres://ann@[::1]:5433/calls",
            ),
            (
                "postgres://ann:s3cret@%2Frun%2Fpg/calls",
                "postgres://ann@/run/pg:5432/calls",
            ),
        ] {
            let place = DatabasePlace::parse(text).unwrap();
            assert_eq!(place.to_string(), shown);
            assert!(!format!("{place:?}").contains("s3cret"));
        }
    }

    #[test]
    fn the_tools_of_postgresql_get_the_same_from_their_environment() {
        let text = "postgres://ann:a%2Fb%407@[::1]:5433/calls?sslmode=require&sslrootcert=/c.pem";
        let DatabasePlace::Postgres(url) = DatabasePlace::parse(text).unwrap() else {
            panic!("a file");
        };
        let expected = [
            ("PGHOST", "::1"),
            ("PGPORT", "5433"),
            ("PGUSER", "ann"),
            ("PGDATABASE", "calls"),
            ("PGPASSWORD", "a/b@7"),
            ("PGSSLMODE", "require"),
            ("PGSSLROOTCERT", "/c.pem"),
        ];
        assert_eq!(
            url.environment(),
            expected.map(|(name, value)| (name, value.to_owned()))
        );
    }

    #[test]
    fn what_is_wrong_is_said_without_the_password() {
        for (text, part) in [
            ("", "no database"),
            (":memory:", "no database"),
            ("mysql://ann:s3cret@x/y", "no database"),
            ("postgres://ann:s3cret@x", "no database of it"),
            ("postgres://ann:s3cret@x:port/y", "port"),
            ("postgres://ann:s3cret@x/y?pasword=s3cret", "\"pasword\""),
            ("postgres://ann:s3cret@x/y?sslmode=maybe", "ssl_mode"),
            ("postgres:", "PostgreSQL"),
        ] {
            let sentence = DatabasePlace::parse(text).unwrap_err().to_string();
            assert!(sentence.contains(part), "{text}: {sentence}");
            assert!(!sentence.contains("s3cret"), "{sentence}");
        }
    }
}
