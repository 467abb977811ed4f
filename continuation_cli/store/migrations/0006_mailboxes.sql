-- Mail that `fetch` has looked at and left in its mailbox, as it belongs to no conversation: it is
-- not looked at again. `mailbox` and `mail` are the mailbox's own names for itself and its mail.

CREATE TABLE passed_over (
  mailbox  TEXT NOT NULL,
  mail     TEXT NOT NULL,
  PRIMARY KEY (mailbox, mail)
) WITHOUT ROWID;
