-- The inbox: one row for each message that was received, and what became of it. The raw octets and
-- the attachments are files beside the database, named by their SHA-256.

CREATE TABLE replies (
  id            INTEGER PRIMARY KEY AUTOINCREMENT,
  -- What makes a message the same one: its Message-ID with its author, else its octets; and how it
  -- was judged.
  identity      TEXT NOT NULL UNIQUE,
  digest        TEXT NOT NULL,  -- of the raw octets
  size          INTEGER NOT NULL,
  received_at   TEXT NOT NULL is_time(received_at),
  kind          TEXT NOT NULL
                CHECK (kind IN ('reply', 'auto_reply', 'bounce', 'complaint', 'unsubscribe', 'unroutable')),
  state         TEXT NOT NULL CHECK (state IN ('posted', 'quarantined', 'ignored', 'rejected')),
  reason        TEXT,
  detail        TEXT,
  conversation  TEXT,
  email         INTEGER,  -- the email that it answers
  message       TEXT,     -- the message of the chat that it became
  sender        TEXT,     -- the address in From
  sender_name   TEXT,
  recipient     TEXT,     -- the address that routed it
  subject       TEXT,
  message_id    TEXT,
  sent_at       TEXT is_time(sent_at),  -- what its Date says
  text          TEXT,     -- what was new in it
  decided_at    TEXT is_time(decided_at),
  decided_by    TEXT,
  CONSTRAINT "a posted reply names its message" CHECK (state <> 'posted' OR message IS NOT NULL)
);

CREATE INDEX replies_by_conversation ON replies (conversation, received_at);
CREATE INDEX replies_by_digest ON replies (digest);
CREATE INDEX replies_quarantined ON replies (id) WHERE state = 'quarantined';

-- The files that a reply brought with it.
CREATE TABLE reply_files (
  reply         INTEGER NOT NULL REFERENCES replies (id) ON DELETE CASCADE,
  position      INTEGER NOT NULL,
  digest        TEXT NOT NULL,
  name          TEXT NOT NULL,
  content_type  TEXT NOT NULL,
  size          INTEGER NOT NULL,
  PRIMARY KEY (reply, position)
) WITHOUT ROWID;

CREATE INDEX reply_files_by_digest ON reply_files (digest);

-- INSERT OR REPLACE of a message that is in an email, once more: in 0004 it was missed where the
-- message is dated later than the email.
DROP TRIGGER messages_emailed_before;
CREATE TRIGGER messages_emailed_before AFTER INSERT ON messages
WHEN NEW.author IN ('agent', 'bot') AND NEW.email IS NULL AND EXISTS (
  SELECT 1 FROM emails WHERE conversation = NEW.conversation)
BEGIN
  UPDATE messages SET email = held_by, revision = held_revision + 1
  FROM (SELECT emails.id AS held_by, held.revision AS held_revision
        FROM emails JOIN email_messages AS held ON held.email = emails.id
        WHERE emails.conversation = NEW.conversation
          AND held.message = NEW.id AND (emails.state <> 'cancelled' OR emails.in_doubt)
        ORDER BY emails.id DESC LIMIT 1)
  WHERE conversation = NEW.conversation AND sent_at = NEW.sent_at AND id = NEW.id;
END;
