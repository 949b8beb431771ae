-- Prosody as the benchmark runs it: everybody is let in, every message is archived for both, nothing else is done.
run_as_root = true
daemonize = false
pidfile = "@FOLDER@/prosody.pid"
data_path = "@FOLDER@"
certificates = "@FOLDER@"
interfaces = { "127.0.0.1" }
c2s_ports = { @PORT@ }
modules_enabled = { "saslauth", "mam" }
modules_disabled = { "s2s", "offline" }
c2s_require_encryption = false
allow_unencrypted_plain_auth = true
authentication = "insecure"
insecure_open_authentication = "Yes please, I know what I'm doing!"
storage = { archive = "sql" }
default_storage = "memory"
sql = { driver = "SQLite3", database = "@FOLDER@/archive.sqlite" }
default_archive_policy = true
archive_expires_after = "never"
log = { { levels = { min = "warn" }, to = "console" } }
VirtualHost "localhost"
