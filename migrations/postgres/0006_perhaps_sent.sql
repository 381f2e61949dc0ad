-- Whether an attempt at this part ended without our knowing what became of it. It is tried again where the
-- channel tells repeats apart, and can't be taken back or cancelled: it may have left.
ALTER TABLE outbox ADD COLUMN perhaps_sent BOOLEAN NOT NULL DEFAULT FALSE;
