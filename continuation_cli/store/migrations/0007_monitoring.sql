-- What `metrics` and `doctor` count every minute. A row of `emails` holds the whole message, so that
-- reading them all to count states would read gigabytes; an email that simply goes out enters
-- neither index.
CREATE INDEX emails_off_course ON emails (state, next_attempt_at)
  WHERE state IN ('deferred', 'failed', 'cancelled', 'unknown');

CREATE INDEX replies_by_kind ON replies (kind, state);
