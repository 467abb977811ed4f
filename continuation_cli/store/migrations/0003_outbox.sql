-- The outbox: one row an email, its messages, its attempts; and who must not be mailed.

CREATE TABLE emails (
  id               INTEGER PRIMARY KEY AUTOINCREMENT,
  conversation     TEXT NOT NULL,
  channel          TEXT NOT NULL,
  rule             TEXT NOT NULL CHECK (rule IN ('offline', 'unseen')),
  state            TEXT NOT NULL
                   CHECK (state IN ('sending', 'sent', 'deferred', 'failed', 'cancelled', 'unknown')),
  message_id       TEXT NOT NULL UNIQUE,
  token            TEXT NOT NULL UNIQUE,
  sender           TEXT NOT NULL,
  recipient        TEXT NOT NULL,
  subject          TEXT NOT NULL,
  reply_to         TEXT,
  reopen_url       TEXT,
  message          BLOB NOT NULL,
  created_at       TEXT NOT NULL is_time(created_at),
  attempts         INTEGER NOT NULL DEFAULT 0,
  next_attempt_at  TEXT is_time(next_attempt_at),
  finished_at      TEXT is_time(finished_at),
  detail           TEXT,
  -- 1 once it may have been accepted without our knowing: from then on it is only ever resent
  -- exactly as it is, never composed anew.
  in_doubt         INTEGER NOT NULL DEFAULT 0,
  CONSTRAINT "next_attempt_at goes with deferred, and with unknown where it is to be resent"
    CHECK (CASE state WHEN 'deferred' THEN next_attempt_at IS NOT NULL
                      WHEN 'unknown' THEN 1 ELSE next_attempt_at IS NULL END)
);

CREATE INDEX emails_by_conversation ON emails (conversation, created_at);
CREATE INDEX emails_sending ON emails (id) WHERE state = 'sending';
CREATE INDEX emails_next_attempt ON emails (next_attempt_at) WHERE next_attempt_at IS NOT NULL;

-- What an email holds, as it was when the email was recorded.
CREATE TABLE email_messages (
  email     INTEGER NOT NULL REFERENCES emails (id) ON DELETE CASCADE,
  position  INTEGER NOT NULL,
  message   TEXT NOT NULL,
  revision  INTEGER NOT NULL,
  PRIMARY KEY (email, position)
) WITHOUT ROWID;

CREATE TABLE attempts (
  email        INTEGER NOT NULL REFERENCES emails (id) ON DELETE CASCADE,
  number       INTEGER NOT NULL,
  started_at   TEXT NOT NULL is_time(started_at),
  finished_at  TEXT is_time(finished_at),
  outcome      TEXT,
  stage        TEXT,
  code         INTEGER,
  reply        TEXT,
  PRIMARY KEY (email, number)
) WITHOUT ROWID;

CREATE TABLE suppressions (
  address     TEXT NOT NULL PRIMARY KEY,  -- case folded
  reason      TEXT NOT NULL
              CONSTRAINT "reason must be bounce, complaint, unsubscribe or manual"
              CHECK (reason IN ('bounce', 'complaint', 'unsubscribe', 'manual')),
  source      TEXT,
  created_at  TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')) is_time(created_at)
) WITHOUT ROWID;
