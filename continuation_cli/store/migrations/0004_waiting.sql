-- What the sweep looks for. One row for each conversation that has a message of an agent or a bot
-- which is not deleted, not seen and not in an email. Triggers keep the rows.
--
-- check_at is a lower bound: `decide` does not answer Due before it. A trigger sets it early when
-- anything changes that could make an email due sooner; the sweep moves it on once it has looked.
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
  last_parked_at  TEXT NOT NULL
);

-- No ON CONFLICT in any trigger: the policy of the statement that fires it would replace it.

CREATE TRIGGER waiting_message_inserted AFTER INSERT ON messages
WHEN NEW.author IN ('agent', 'bot') AND NEW.seen_at IS NULL AND NEW.deleted_at IS NULL
     AND NEW.email IS NULL
BEGIN
  UPDATE waiting SET check_at = NEW.sent_at, parked = NULL
  WHERE conversation = NEW.conversation
    AND (check_at > NEW.sent_at OR parked IN ('nothing_unseen', 'expired'));
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
  UPDATE waiting SET check_at = NEW.sent_at, parked = NULL
  WHERE conversation = NEW.conversation
    AND (check_at > NEW.sent_at OR parked IN ('nothing_unseen', 'expired'));
  INSERT INTO waiting (conversation, check_at, parked)
  SELECT id, iif(email IS NULL, NULL, NEW.sent_at), iif(email IS NULL, 'no_address', NULL)
  FROM conversations WHERE id = NEW.conversation
    AND NOT EXISTS (SELECT 1 FROM waiting WHERE conversation = NEW.conversation);
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
  UPDATE waiting SET parked = NULL, check_at = NEW.opened_at
  WHERE conversation = NEW.conversation
    AND (check_at > NEW.opened_at OR parked = 'rule_off');
END;

CREATE TRIGGER waiting_page_updated AFTER UPDATE ON pages
BEGIN
  UPDATE waiting SET parked = NULL, check_at = NEW.opened_at
  WHERE conversation = NEW.conversation
    AND (check_at > NEW.opened_at OR parked = 'rule_off');
END;

CREATE TRIGGER waiting_page_deleted AFTER DELETE ON pages
BEGIN
  UPDATE waiting SET parked = NULL, check_at = OLD.opened_at
  WHERE conversation = OLD.conversation
    AND (check_at > OLD.opened_at OR parked = 'rule_off');
END;

-- A conversation: its address, its hold, its channel's settings.
CREATE TRIGGER waiting_conversation_inserted AFTER INSERT ON conversations
WHEN EXISTS (SELECT 1 FROM messages
             WHERE conversation = NEW.id AND author IN ('agent', 'bot')
               AND seen_at IS NULL AND email IS NULL AND deleted_at IS NULL)
BEGIN
  DELETE FROM waiting WHERE conversation = NEW.id;
  INSERT INTO waiting (conversation, check_at) VALUES (NEW.id, NEW.began_at);
END;

CREATE TRIGGER waiting_conversation_updated
AFTER UPDATE OF channel, email, began_at, held_at, set_aside_until ON conversations
BEGIN
  UPDATE waiting SET check_at = NEW.began_at, parked = NULL WHERE conversation = NEW.id;
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
  UPDATE waiting SET parked = NULL,
    check_at = (SELECT began_at FROM conversations WHERE id = waiting.conversation)
  WHERE (parked IS NULL
         OR parked = CASE NEW.key WHEN 'enabled' THEN 'disabled' WHEN 'max_age' THEN 'expired'
                     WHEN 'bot_messages' THEN 'expired' ELSE 'rule_off' END
         OR parked = 'nothing_unseen' AND NEW.key = 'bot_messages')
    AND (NEW.channel = '' OR NEW.channel = (
      SELECT channel FROM conversations WHERE id = waiting.conversation));
END;

CREATE TRIGGER waiting_setting_updated AFTER UPDATE ON settings
WHEN NEW.key IN ('enabled', 'offline_delay', 'unseen_delay', 'presence_timeout', 'max_age',
                 'bot_messages', 'daily_cap')
BEGIN
  UPDATE waiting SET parked = NULL,
    check_at = (SELECT began_at FROM conversations WHERE id = waiting.conversation)
  WHERE (parked IS NULL
         OR parked = CASE NEW.key WHEN 'enabled' THEN 'disabled' WHEN 'max_age' THEN 'expired'
                     WHEN 'bot_messages' THEN 'expired' ELSE 'rule_off' END
         OR parked = 'nothing_unseen' AND NEW.key = 'bot_messages')
    AND (NEW.channel = '' OR NEW.channel = (
      SELECT channel FROM conversations WHERE id = waiting.conversation));
END;

CREATE TRIGGER waiting_setting_deleted AFTER DELETE ON settings
WHEN OLD.key IN ('enabled', 'offline_delay', 'unseen_delay', 'presence_timeout', 'max_age',
                 'bot_messages', 'daily_cap')
BEGIN
  UPDATE waiting SET parked = NULL,
    check_at = (SELECT began_at FROM conversations WHERE id = waiting.conversation)
  WHERE (parked IS NULL
         OR parked = CASE OLD.key WHEN 'enabled' THEN 'disabled' WHEN 'max_age' THEN 'expired'
                     WHEN 'bot_messages' THEN 'expired' ELSE 'rule_off' END
         OR parked = 'nothing_unseen' AND OLD.key = 'bot_messages')
    AND (OLD.channel = '' OR OLD.channel = (
      SELECT channel FROM conversations WHERE id = waiting.conversation));
END;

CREATE TRIGGER waiting_suppression_updated AFTER UPDATE ON suppressions
BEGIN
  UPDATE waiting SET parked = NULL,
    check_at = (SELECT began_at FROM conversations WHERE id = waiting.conversation)
  WHERE parked IN ('suppressed', 'opted_out');
END;

CREATE TRIGGER waiting_suppression_deleted AFTER DELETE ON suppressions
BEGIN
  UPDATE waiting SET parked = NULL,
    check_at = (SELECT began_at FROM conversations WHERE id = waiting.conversation)
  WHERE parked IN ('suppressed', 'opted_out');
END;
