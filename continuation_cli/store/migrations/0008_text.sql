-- Where text belongs, nothing else can be written. SQLite would keep a BLOB in a column of text, and
-- octets that are no UTF-8: an id in Latin-1 is there, but nobody who asks for it finds it, so that
-- its conversation would never be mailed. is_no_id(x) stands for a condition.

CREATE TRIGGER channels_text AFTER INSERT ON channels
WHEN is_no_id(NEW.id) OR typeof(NEW.name) = 'blob'
BEGIN
  SELECT RAISE(ABORT, 'channels take text in UTF-8, ids without NUL');
END;

CREATE TRIGGER channels_text_changed AFTER UPDATE OF id, name ON channels
WHEN is_no_id(NEW.id) OR typeof(NEW.name) = 'blob'
BEGIN
  SELECT RAISE(ABORT, 'channels take text in UTF-8, ids without NUL');
END;

CREATE TRIGGER conversations_text AFTER INSERT ON conversations
WHEN is_no_id(NEW.id) OR 'blob' IN (typeof(NEW.channel), typeof(NEW.email), typeof(NEW.name),
                                    typeof(NEW.locale), typeof(NEW.link_generation))
BEGIN
  SELECT RAISE(ABORT, 'conversations take text in UTF-8, ids without NUL');
END;

CREATE TRIGGER conversations_text_changed
AFTER UPDATE OF id, channel, email, name, locale, link_generation ON conversations
WHEN is_no_id(NEW.id) OR 'blob' IN (typeof(NEW.channel), typeof(NEW.email), typeof(NEW.name),
                                    typeof(NEW.locale), typeof(NEW.link_generation))
BEGIN
  SELECT RAISE(ABORT, 'conversations take text in UTF-8, ids without NUL');
END;

CREATE TRIGGER pages_text AFTER INSERT ON pages
WHEN is_no_id(NEW.id) OR typeof(NEW.url) = 'blob'
BEGIN
  SELECT RAISE(ABORT, 'pages take text in UTF-8, ids without NUL');
END;

CREATE TRIGGER pages_text_changed AFTER UPDATE OF id, url ON pages
WHEN is_no_id(NEW.id) OR typeof(NEW.url) = 'blob'
BEGIN
  SELECT RAISE(ABORT, 'pages take text in UTF-8, ids without NUL');
END;

CREATE TRIGGER messages_text AFTER INSERT ON messages
WHEN is_no_id(NEW.id) OR 'blob' IN (typeof(NEW.name), typeof(NEW.text), typeof(NEW.attachments))
BEGIN
  SELECT RAISE(ABORT, 'messages take text in UTF-8, ids without NUL');
END;

CREATE TRIGGER messages_text_changed AFTER UPDATE OF id, name, text, attachments ON messages
WHEN is_no_id(NEW.id) OR 'blob' IN (typeof(NEW.name), typeof(NEW.text), typeof(NEW.attachments))
BEGIN
  SELECT RAISE(ABORT, 'messages take text in UTF-8, ids without NUL');
END;

CREATE TRIGGER settings_text AFTER INSERT ON settings
WHEN 'blob' IN (typeof(NEW.channel), typeof(NEW.key), typeof(NEW.value))
BEGIN
  SELECT RAISE(ABORT, 'settings take text');
END;

CREATE TRIGGER settings_text_changed AFTER UPDATE ON settings
WHEN 'blob' IN (typeof(NEW.channel), typeof(NEW.key), typeof(NEW.value))
BEGIN
  SELECT RAISE(ABORT, 'settings take text');
END;
