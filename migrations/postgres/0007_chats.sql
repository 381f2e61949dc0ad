-- What a chat's message has beside its words: how they are dressed (JSON), what its sender brought along
-- from the link by which they came, and whose words they passed on.
ALTER TABLE messages ADD COLUMN spans TEXT COLLATE "C";
ALTER TABLE messages ADD COLUMN entry TEXT COLLATE "C";
ALTER TABLE messages ADD COLUMN forwarded_from TEXT COLLATE "C";

-- Files that came one by one and are one message.
CREATE TABLE albums (
    inbox_id TEXT COLLATE "C" NOT NULL,
    thread TEXT COLLATE "C" NOT NULL,
    album TEXT COLLATE "C" NOT NULL,
    -- No foreign key, as with sightings: it is written before the message.
    message_id TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (inbox_id, thread, album)
);

-- How people reacted: the latest of each person to each message. None once it is taken back.
CREATE TABLE reactions (
    message_id TEXT COLLATE "C" NOT NULL REFERENCES messages (id) DEFERRABLE INITIALLY DEFERRED,
    handle_id TEXT COLLATE "C" NOT NULL REFERENCES handles (id) DEFERRABLE INITIALLY DEFERRED,
    reaction TEXT COLLATE "C",
    at BIGINT NOT NULL,
    PRIMARY KEY (message_id, handle_id)
);

-- How a part is dressed, and since when it may have left: a channel forgets a key after some time.
ALTER TABLE outbox ADD COLUMN spans TEXT COLLATE "C";
ALTER TABLE outbox ADD COLUMN perhaps_sent_at BIGINT;
UPDATE outbox SET perhaps_sent_at = created_at WHERE perhaps_sent;
