-- Where an admin has switched the bot off: one row an inbox, and one with the scope '' for all of them.
CREATE TABLE bot_off (
    scope TEXT COLLATE "C" PRIMARY KEY,
    since BIGINT NOT NULL,
    off_by TEXT COLLATE "C" NOT NULL REFERENCES associates (id)
);

-- What the bot has said to an address, whoever it belonged to: the limit a day is asked by address.
CREATE INDEX outbox_automatic ON outbox (recipient, created_at) WHERE automatic;
