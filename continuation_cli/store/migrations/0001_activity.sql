-- What the chat backend writes: channels, conversations, browser pages, messages, reads.
-- is_time(x) stands for a CHECK that x is UTC text of the form 2026-03-01T09:00:00.000Z.

CREATE TABLE channels (
  id          TEXT NOT NULL PRIMARY KEY
              CONSTRAINT "a channel id has 1 to 200 characters" CHECK (length(id) BETWEEN 1 AND 200),
  name        TEXT,
  created_at  TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')) is_time(created_at)
) WITHOUT ROWID;

CREATE TABLE conversations (
  id               TEXT NOT NULL PRIMARY KEY
                   CONSTRAINT "a conversation id has 1 to 200 characters" CHECK (length(id) BETWEEN 1 AND 200),
  channel          TEXT NOT NULL REFERENCES channels (id),
  email            TEXT,
  name             TEXT,
  locale           TEXT,
  began_at         TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')) is_time(began_at),
  closed_at        TEXT is_time(closed_at),
  reopened_at      TEXT is_time(reopened_at),
  held_at          TEXT is_time(held_at),
  held_by          TEXT,
  held_why         TEXT,
  link_generation  INTEGER NOT NULL DEFAULT 0,
  set_aside_until  TEXT is_time(set_aside_until),
  set_aside_why    TEXT,
  -- When `import` learned what: the latest event wins, in whatever order events come.
  channel_at       TEXT is_time(channel_at),
  email_at         TEXT is_time(email_at),
  name_at          TEXT is_time(name_at),
  locale_at        TEXT is_time(locale_at)
) WITHOUT ROWID;

CREATE INDEX conversations_by_channel ON conversations (channel);

CREATE TABLE pages (
  conversation    TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
  id              TEXT NOT NULL,
  url             TEXT,
  opened_at       TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')) is_time(opened_at),
  visible_at      TEXT is_time(visible_at),
  hidden_at       TEXT is_time(hidden_at),
  last_active_at  TEXT is_time(last_active_at),
  closed_at       TEXT is_time(closed_at),
  url_at          TEXT is_time(url_at),  -- when `import` learned the url
  PRIMARY KEY (conversation, id)
) WITHOUT ROWID;

-- Clustered by conversation and time: reading a conversation, and asking what came after a
-- message, are one range of the table.
CREATE TABLE messages (
  conversation  TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
  id            TEXT NOT NULL
                CONSTRAINT "a message id has 1 to 200 characters" CHECK (length(id) BETWEEN 1 AND 200),
  author        TEXT NOT NULL
                CONSTRAINT "author must be agent, bot, customer, note or system"
                CHECK (author IN ('agent', 'bot', 'customer', 'note', 'system')),
  via           TEXT NOT NULL DEFAULT 'chat'
                CONSTRAINT "via must be chat or email" CHECK (via IN ('chat', 'email')),
  name          TEXT,
  text          TEXT NOT NULL,
  format        TEXT NOT NULL DEFAULT 'plain'
                CONSTRAINT "format must be plain, markdown or html"
                CHECK (format IN ('plain', 'markdown', 'html')),
  attachments   TEXT CONSTRAINT "attachments must be a JSON array"
                CHECK (attachments IS NULL OR json_type(attachments) = 'array'),
  sent_at       TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')) is_time(sent_at),
  seen_at       TEXT is_time(seen_at),
  edited_at     TEXT is_time(edited_at),
  deleted_at    TEXT is_time(deleted_at),
  email         INTEGER,
  revision      INTEGER NOT NULL DEFAULT 0,
  -- When `import` learned of a change of these: the latest event wins.
  format_at       TEXT is_time(format_at),
  attachments_at  TEXT is_time(attachments_at),
  PRIMARY KEY (conversation, sent_at, id),
  UNIQUE (conversation, id)
) WITHOUT ROWID;

CREATE INDEX messages_unseen ON messages (conversation, email, deleted_at)
  WHERE author IN ('agent', 'bot') AND seen_at IS NULL;

-- The planner takes the small partial index only if it knows that it is small: tell it, in place
-- of an ANALYZE, which would find empty tables.
ANALYZE sqlite_schema;
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
  ('messages', 'messages_unseen', '1000000 2 2 2'),
  ('messages', 'sqlite_autoindex_messages_2', '20000000 20 1'),
  ('messages', 'messages', '20000000 20 1 1');

-- "The customer has read everything through this message." Kept, because a message that was sent
-- before may be written later.
CREATE TABLE reads (
  conversation  TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
  through       TEXT NOT NULL,
  at            TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')) is_time(at),
  PRIMARY KEY (conversation, through)
) WITHOUT ROWID;

CREATE INDEX reads_by_time ON reads (conversation, at);

-- Changes of a message that `import` met before the message: the latest of each kind, or of
-- deletions the first.
CREATE TABLE early_changes (
  conversation  TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
  message       TEXT NOT NULL,
  change        TEXT NOT NULL CHECK (change IN ('text', 'format', 'attachments', 'deletion')),
  at            TEXT NOT NULL is_time(at),
  value         TEXT NOT NULL,
  PRIMARY KEY (conversation, message, change)
) WITHOUT ROWID;

-- A customer who writes in the chat has seen what stands above.
CREATE TRIGGER messages_customer_wrote AFTER INSERT ON messages
WHEN NEW.author = 'customer' AND NEW.via = 'chat'
BEGIN
  UPDATE messages SET seen_at = NEW.sent_at
  WHERE conversation = NEW.conversation AND author IN ('agent', 'bot') AND seen_at IS NULL
    AND (+sent_at, length(id), id) < (NEW.sent_at, length(NEW.id), NEW.id);
END;

-- The same for what was seen by later evidence only: needed when the customer's message is
-- written out of order. The earliest evidence counts, in whatever order it arrives.
CREATE TRIGGER messages_customer_wrote_before AFTER INSERT ON messages
WHEN NEW.author = 'customer' AND NEW.via = 'chat' AND (
  EXISTS (SELECT 1 FROM messages
          WHERE conversation = NEW.conversation AND sent_at >= NEW.sent_at AND id <> NEW.id)
  OR EXISTS (SELECT 1 FROM reads WHERE conversation = NEW.conversation AND at > NEW.sent_at))
BEGIN
  UPDATE messages SET seen_at = NEW.sent_at
  WHERE conversation = NEW.conversation AND author IN ('agent', 'bot')
    AND seen_at > NEW.sent_at AND sent_at <= NEW.sent_at
    AND (sent_at, length(id), id) < (NEW.sent_at, length(NEW.id), NEW.id);
END;

CREATE TRIGGER messages_came_late AFTER INSERT ON messages
WHEN NEW.author IN ('agent', 'bot') AND EXISTS (
  SELECT 1 FROM messages
  WHERE conversation = NEW.conversation AND sent_at >= NEW.sent_at AND id <> NEW.id)
BEGIN
  UPDATE messages SET seen_at = (
    SELECT min(at) FROM (
      SELECT NEW.seen_at AS at WHERE NEW.seen_at IS NOT NULL
      UNION ALL
      SELECT sent_at FROM messages
      WHERE conversation = NEW.conversation AND sent_at >= NEW.sent_at
        AND author = 'customer' AND via = 'chat'
        AND (sent_at, length(id), id) > (NEW.sent_at, length(NEW.id), NEW.id)
      UNION ALL
      SELECT reads.at FROM reads JOIN messages AS through
        ON through.conversation = reads.conversation AND through.id = reads.through
      WHERE reads.conversation = NEW.conversation
        AND (through.sent_at, length(through.id), through.id)
            >= (NEW.sent_at, length(NEW.id), NEW.id)))
  WHERE conversation = NEW.conversation AND sent_at = NEW.sent_at AND id = NEW.id;
END;

-- The message named by a read may come after the read, whoever wrote it.
CREATE TRIGGER messages_were_read_through AFTER INSERT ON messages
WHEN EXISTS (SELECT 1 FROM reads WHERE conversation = NEW.conversation AND through = NEW.id)
BEGIN
  UPDATE messages SET seen_at = min(ifnull(seen_at, read_at), read_at)
  FROM (SELECT at AS read_at FROM reads WHERE conversation = NEW.conversation AND through = NEW.id)
  WHERE conversation = NEW.conversation AND author IN ('agent', 'bot')
    AND sent_at <= NEW.sent_at AND (seen_at IS NULL OR seen_at > read_at)
    AND (sent_at, length(id), id) <= (NEW.sent_at, length(NEW.id), NEW.id);
END;

CREATE TRIGGER reads_insert AFTER INSERT ON reads
BEGIN
  UPDATE messages SET seen_at = NEW.at
  WHERE conversation = NEW.conversation AND author IN ('agent', 'bot')
    AND (seen_at IS NULL OR seen_at > NEW.at)
    AND (sent_at, length(id), id) <= (
      SELECT sent_at, length(id), id FROM messages
      WHERE conversation = NEW.conversation AND id = NEW.through);
END;

CREATE TRIGGER reads_update AFTER UPDATE ON reads
BEGIN
  UPDATE messages SET seen_at = NEW.at
  WHERE conversation = NEW.conversation AND author IN ('agent', 'bot')
    AND (seen_at IS NULL OR seen_at > NEW.at)
    AND (sent_at, length(id), id) <= (
      SELECT sent_at, length(id), id FROM messages
      WHERE conversation = NEW.conversation AND id = NEW.through);
END;

-- The same where a row is changed: moved in time, or to another author or conversation.
CREATE TRIGGER messages_moved AFTER UPDATE OF conversation, id, author, via, sent_at ON messages
WHEN (NEW.conversation, NEW.id, NEW.author, NEW.via, NEW.sent_at)
     IS NOT (OLD.conversation, OLD.id, OLD.author, OLD.via, OLD.sent_at)
BEGIN
  UPDATE messages SET seen_at = NEW.sent_at
  WHERE NEW.author = 'customer' AND NEW.via = 'chat'
    AND conversation = NEW.conversation AND author IN ('agent', 'bot')
    AND sent_at <= NEW.sent_at AND (seen_at IS NULL OR seen_at > NEW.sent_at)
    AND (sent_at, length(id), id) < (NEW.sent_at, length(NEW.id), NEW.id);
  UPDATE messages SET seen_at = read_at
  FROM (SELECT at AS read_at FROM reads WHERE conversation = NEW.conversation AND through = NEW.id)
  WHERE conversation = NEW.conversation AND author IN ('agent', 'bot')
    AND sent_at <= NEW.sent_at AND (seen_at IS NULL OR seen_at > read_at)
    AND (sent_at, length(id), id) <= (NEW.sent_at, length(NEW.id), NEW.id);
END;

-- What the customer has demonstrably seen cannot be made unseen, nor become so by moving.
CREATE TRIGGER messages_seen_anyway
AFTER UPDATE OF conversation, id, author, sent_at, seen_at ON messages
WHEN NEW.author IN ('agent', 'bot') AND NEW.seen_at IS NULL
     AND (NEW.conversation, NEW.id, NEW.author, NEW.sent_at, NEW.seen_at)
         IS NOT (OLD.conversation, OLD.id, OLD.author, OLD.sent_at, OLD.seen_at)
BEGIN
  UPDATE messages SET seen_at = (
    SELECT min(at) FROM (
      SELECT sent_at AS at FROM messages
      WHERE conversation = NEW.conversation AND sent_at >= NEW.sent_at
        AND author = 'customer' AND via = 'chat'
        AND (sent_at, length(id), id) > (NEW.sent_at, length(NEW.id), NEW.id)
      UNION ALL
      SELECT reads.at FROM reads JOIN messages AS through
        ON through.conversation = reads.conversation AND through.id = reads.through
      WHERE reads.conversation = NEW.conversation
        AND (through.sent_at, length(through.id), through.id)
            >= (NEW.sent_at, length(NEW.id), NEW.id)))
  WHERE conversation = NEW.conversation AND sent_at = NEW.sent_at AND id = NEW.id;
END;

-- An email that has not left yet is composed anew when a message of it was edited.
CREATE TRIGGER messages_edited AFTER UPDATE OF text, format, name, attachments ON messages
WHEN (NEW.text, NEW.format, NEW.name, NEW.attachments)
     IS NOT (OLD.text, OLD.format, OLD.name, OLD.attachments)
BEGIN
  UPDATE messages SET revision = revision + 1
  WHERE conversation = NEW.conversation AND sent_at = NEW.sent_at AND id = NEW.id;
END;
