-- Settings, their history, and the keys that sign reopen links.

CREATE TABLE settings (
  channel  TEXT NOT NULL DEFAULT '',  -- '' is the database's default
  key      TEXT NOT NULL,
  value    TEXT NOT NULL,
  PRIMARY KEY (channel, key)
) WITHOUT ROWID;

CREATE TABLE settings_history (
  id       INTEGER PRIMARY KEY,
  at       TEXT NOT NULL is_time(at),
  by       TEXT NOT NULL,
  channel  TEXT NOT NULL,
  key      TEXT NOT NULL,
  old      TEXT,
  new      TEXT
);

CREATE TABLE keys (
  id          INTEGER PRIMARY KEY,  -- the highest signs
  kid         TEXT NOT NULL UNIQUE,
  secret      BLOB NOT NULL
              CONSTRAINT "a key has at least 32 bytes" CHECK (length(secret) >= 32),
  created_at  TEXT NOT NULL is_time(created_at)
);
