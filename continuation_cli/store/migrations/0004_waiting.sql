-- What the sweep looks for. One row for each conversation that has a message of an agent or a bot
-- which is not deleted, not seen and not in an email. Triggers keep the rows.
--
-- check_at is a lower bound: `decide` does not answer Due before it. A trigger sets it early when
-- anything changes that could make an email due sooner; the sweep moves it on once it has looked.
-- As no email is due before its first message was sent, that time is always early enough:
-- first_waiting(x) stands for a subquery that finds it, for conversation x.
-- NULL: nothing can become due until something changes; `parked` says why.

CREATE TABLE waiting (
  conversation  TEXT NOT NULL PRIMARY KEY,
  check_at      TEXT,
  parked        TEXT,
  CHECK ((check_at IS NULL) = (parked IS NOT NULL))
) WITHOUT ROWID;

CREATE INDEX waiting_check ON waiting (check_at) WHERE check_at IS NOT NULL;
CREATE INDEX waiting_parked ON waiting (parked) WHERE parked IS NOT NULL;

-- The latest time at which the sweep parked something: a clock that now says less has been set
-- back, and what was parked must be looked at again.
CREATE TABLE sweeps (
  id              INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
  last_parked_at  TEXT NOT NULL is_time(last_parked_at)
);

-- No ON CONFLICT in any trigger: the policy of the statement that fires it would replace it.

CREATE TRIGGER waiting_message_inserted AFTER INSERT ON messages
WHEN NEW.author IN ('agent', 'bot') AND NEW.seen_at IS NULL AND NEW.deleted_at IS NULL
     AND NEW.email IS NULL
BEGIN
  UPDATE waiting SET parked = NULL, check_at =
    iif(parked IS NULL, NEW.sent_at, ifnull(first_waiting(NEW.conversation), NEW.sent_at))
  WHERE conversation = NEW.conversation
    AND (check_at > NEW.sent_at OR parked IN ('nothing_unseen', 'expired', 'rule_off'));
  INSERT INTO waiting (conversation, check_at, parked)
  SELECT id, iif(email IS NULL, NULL, NEW.sent_at), iif(email IS NULL, 'no_address', NULL)
  FROM conversations WHERE id = NEW.conversation
    AND NOT EXISTS (SELECT 1 FROM waiting WHERE conversation = NEW.conversation)
    AND EXISTS (SELECT 1 FROM messages
                WHERE conversation = NEW.conversation AND author IN ('agent', 'bot')
                  AND seen_at IS NULL AND email IS NULL AND deleted_at IS NULL);
END;

-- It may have become unseen again, or come back from a cancelled email.
CREATE TRIGGER waiting_message_returned
AFTER UPDATE OF conversation, author, sent_at, seen_at, deleted_at, email ON messages
WHEN NEW.author IN ('agent', 'bot') AND NEW.seen_at IS NULL AND NEW.deleted_at IS NULL
     AND NEW.email IS NULL
BEGIN
  UPDATE waiting SET parked = NULL, check_at =
    iif(parked IS NULL, NEW.sent_at, ifnull(first_waiting(NEW.conversation), NEW.sent_at))
  WHERE conversation = NEW.conversation
    AND (check_at > NEW.sent_at OR parked IN ('nothing_unseen', 'expired', 'rule_off'));
  INSERT INTO waiting (conversation, check_at, parked)
  SELECT id, iif(email IS NULL, NULL, NEW.sent_at), iif(email IS NULL, 'no_address', NULL)
  FROM conversations WHERE id = NEW.conversation
    AND NOT EXISTS (SELECT 1 FROM waiting WHERE conversation = NEW.conversation)
    AND EXISTS (SELECT 1 FROM messages
                WHERE conversation = NEW.conversation AND author IN ('agent', 'bot')
                  AND seen_at IS NULL AND email IS NULL AND deleted_at IS NULL);
END;

CREATE TRIGGER waiting_message_left
AFTER UPDATE OF conversation, author, sent_at, seen_at, deleted_at, email ON messages
WHEN OLD.author IN ('agent', 'bot') AND OLD.seen_at IS NULL AND OLD.deleted_at IS NULL
     AND OLD.email IS NULL
BEGIN
  DELETE FROM waiting WHERE conversation = OLD.conversation AND NOT EXISTS (
    SELECT 1 FROM messages WHERE conversation = OLD.conversation AND author IN ('agent', 'bot')
      AND seen_at IS NULL AND email IS NULL AND deleted_at IS NULL);
END;

CREATE TRIGGER waiting_message_deleted AFTER DELETE ON messages
WHEN OLD.author IN ('agent', 'bot')
BEGIN
  DELETE FROM waiting WHERE conversation = OLD.conversation AND NOT EXISTS (
    SELECT 1 FROM messages WHERE conversation = OLD.conversation AND author IN ('agent', 'bot')
      AND seen_at IS NULL AND email IS NULL AND deleted_at IS NULL);
END;

-- INSERT OR REPLACE removes the old row without firing a delete trigger.
CREATE TRIGGER waiting_message_replaced AFTER INSERT ON messages
WHEN NOT (NEW.author IN ('agent', 'bot') AND NEW.seen_at IS NULL AND NEW.deleted_at IS NULL
          AND NEW.email IS NULL)
BEGIN
  DELETE FROM waiting WHERE conversation = NEW.conversation AND NOT EXISTS (
    SELECT 1 FROM messages WHERE conversation = NEW.conversation AND author IN ('agent', 'bot')
      AND seen_at IS NULL AND email IS NULL AND deleted_at IS NULL);
END;

-- Pages: presence chooses the rule and starts the offline clock. The sweep may have parked the
-- conversation because that rule is off.
CREATE TRIGGER waiting_page_inserted AFTER INSERT ON pages
BEGIN
  UPDATE waiting SET parked = NULL, check_at = ifnull(first_waiting(waiting.conversation), NEW.opened_at)
  WHERE conversation = NEW.conversation
    AND (parked = 'rule_off' OR check_at > first_waiting(waiting.conversation));
END;

CREATE TRIGGER waiting_page_updated AFTER UPDATE ON pages
BEGIN
  UPDATE waiting SET parked = NULL, check_at = ifnull(first_waiting(waiting.conversation), NEW.opened_at)
  WHERE conversation = NEW.conversation
    AND (parked = 'rule_off' OR check_at > first_waiting(waiting.conversation));
END;

CREATE TRIGGER waiting_page_deleted AFTER DELETE ON pages
BEGIN
  UPDATE waiting SET parked = NULL, check_at = ifnull(first_waiting(waiting.conversation), OLD.opened_at)
  WHERE conversation = OLD.conversation
    AND (parked = 'rule_off' OR check_at > first_waiting(waiting.conversation));
END;

-- A conversation: its address, its hold, its channel's settings.
CREATE TRIGGER waiting_conversation_inserted AFTER INSERT ON conversations
WHEN EXISTS (SELECT 1 FROM messages
             WHERE conversation = NEW.id AND author IN ('agent', 'bot')
               AND seen_at IS NULL AND email IS NULL AND deleted_at IS NULL)
BEGIN
  DELETE FROM waiting WHERE conversation = NEW.id;
  INSERT INTO waiting (conversation, check_at)
  VALUES (NEW.id, first_waiting(NEW.id));
END;

CREATE TRIGGER waiting_conversation_updated
AFTER UPDATE OF channel, email, began_at, held_at, set_aside_until ON conversations
BEGIN
  UPDATE waiting SET parked = NULL, check_at = ifnull(first_waiting(waiting.conversation), NEW.began_at)
  WHERE conversation = NEW.id;
END;

CREATE TRIGGER waiting_conversation_renamed AFTER UPDATE OF id ON conversations
WHEN NEW.id <> OLD.id
BEGIN
  DELETE FROM waiting WHERE conversation IN (OLD.id, NEW.id);
  INSERT INTO waiting (conversation, check_at)
  SELECT NEW.id, first_waiting(NEW.id) WHERE first_waiting(NEW.id) IS NOT NULL;
END;

CREATE TRIGGER waiting_conversation_deleted AFTER DELETE ON conversations
BEGIN
  DELETE FROM waiting WHERE conversation = OLD.id;
END;

-- A setting wakes what still waits, and what was parked for a reason that the setting decides.
CREATE TRIGGER waiting_setting_inserted AFTER INSERT ON settings
WHEN NEW.key IN ('enabled', 'offline_delay', 'unseen_delay', 'presence_timeout', 'max_age',
                 'bot_messages', 'daily_cap')
BEGIN
  UPDATE waiting SET parked = NULL, check_at = ifnull(first_waiting(waiting.conversation), '')
  WHERE (parked IS NULL
         OR parked = CASE NEW.key WHEN 'enabled' THEN 'disabled' WHEN 'max_age' THEN 'expired'
                     ELSE 'rule_off' END
         OR parked IN ('nothing_unseen', 'expired') AND NEW.key = 'bot_messages')
    AND (NEW.channel = '' OR NEW.channel = (
      SELECT channel FROM conversations WHERE id = waiting.conversation));
END;

CREATE TRIGGER waiting_setting_updated AFTER UPDATE ON settings
WHEN NEW.key IN ('enabled', 'offline_delay', 'unseen_delay', 'presence_timeout', 'max_age',
                 'bot_messages', 'daily_cap')
BEGIN
  UPDATE waiting SET parked = NULL, check_at = ifnull(first_waiting(waiting.conversation), '')
  WHERE (parked IS NULL
         OR parked = CASE NEW.key WHEN 'enabled' THEN 'disabled' WHEN 'max_age' THEN 'expired'
                     ELSE 'rule_off' END
         OR parked IN ('nothing_unseen', 'expired') AND NEW.key = 'bot_messages')
    AND ('' IN (NEW.channel, OLD.channel) OR (
      SELECT channel FROM conversations WHERE id = waiting.conversation)
      IN (NEW.channel, OLD.channel));
END;

CREATE TRIGGER waiting_setting_deleted AFTER DELETE ON settings
WHEN OLD.key IN ('enabled', 'offline_delay', 'unseen_delay', 'presence_timeout', 'max_age',
                 'bot_messages', 'daily_cap')
BEGIN
  UPDATE waiting SET parked = NULL, check_at = ifnull(first_waiting(waiting.conversation), '')
  WHERE (parked IS NULL
         OR parked = CASE OLD.key WHEN 'enabled' THEN 'disabled' WHEN 'max_age' THEN 'expired'
                     ELSE 'rule_off' END
         OR parked IN ('nothing_unseen', 'expired') AND OLD.key = 'bot_messages')
    AND (OLD.channel = '' OR OLD.channel = (
      SELECT channel FROM conversations WHERE id = waiting.conversation));
END;

CREATE TRIGGER waiting_suppression_updated AFTER UPDATE ON suppressions
BEGIN
  UPDATE waiting SET parked = NULL, check_at = ifnull(first_waiting(waiting.conversation), '')
  WHERE parked IN ('suppressed', 'opted_out');
END;

CREATE TRIGGER waiting_suppression_deleted AFTER DELETE ON suppressions
BEGIN
  UPDATE waiting SET parked = NULL, check_at = ifnull(first_waiting(waiting.conversation), '')
  WHERE parked IN ('suppressed', 'opted_out');
END;

-- An email that was cancelled or removed no longer counts towards daily_cap.
CREATE TRIGGER waiting_email_cancelled AFTER UPDATE OF state ON emails
WHEN NEW.state = 'cancelled' AND OLD.state <> 'cancelled'
BEGIN
  UPDATE waiting SET parked = NULL, check_at = ifnull(first_waiting(waiting.conversation), '')
  WHERE conversation = NEW.conversation AND parked IS NULL;
END;

CREATE TRIGGER waiting_email_deleted AFTER DELETE ON emails
BEGIN
  UPDATE waiting SET parked = NULL, check_at = ifnull(first_waiting(waiting.conversation), '')
  WHERE conversation = OLD.conversation AND parked IS NULL;
END;

-- INSERT OR REPLACE, or DELETE and INSERT, of a message that is in an email: it stays in it, so that
-- it is not mailed twice. It counts as edited: an email that has not left is composed anew.
CREATE TRIGGER messages_emailed_before AFTER INSERT ON messages
WHEN NEW.author IN ('agent', 'bot') AND NEW.email IS NULL AND EXISTS (
  SELECT 1 FROM emails WHERE conversation = NEW.conversation AND created_at >= NEW.sent_at)
BEGIN
  UPDATE messages SET email = held_by, revision = held_revision + 1
  FROM (SELECT emails.id AS held_by, held.revision AS held_revision
        FROM emails JOIN email_messages AS held ON held.email = emails.id
        WHERE emails.conversation = NEW.conversation AND emails.created_at >= NEW.sent_at
          AND held.message = NEW.id AND (emails.state <> 'cancelled' OR emails.in_doubt)
        ORDER BY emails.id DESC LIMIT 1)
  WHERE conversation = NEW.conversation AND sent_at = NEW.sent_at AND id = NEW.id;
END;
