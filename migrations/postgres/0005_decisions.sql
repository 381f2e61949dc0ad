-- What a person decided at one stroke about one conversation or many, and how each stood before, kept for
-- whoever takes it back.
CREATE TABLE decisions (
    id TEXT COLLATE "C" PRIMARY KEY,
    associate_id TEXT COLLATE "C" NOT NULL REFERENCES associates (id) ON DELETE CASCADE,
    act TEXT COLLATE "C" NOT NULL CHECK (act IN ('waive', 'close', 'release', 'suspect', 'owe')),
    decided_at BIGINT NOT NULL,
    undone_at BIGINT
);
CREATE INDEX decisions_by_time ON decisions (decided_at);
CREATE TABLE decision_items (
    decision_id TEXT COLLATE "C" NOT NULL REFERENCES decisions (id) ON DELETE CASCADE,
    conversation_id TEXT COLLATE "C" NOT NULL REFERENCES conversations (id) DEFERRABLE INITIALLY DEFERRED,
    -- The conversation's last position once it was decided: what stands behind it is newer.
    position BIGINT NOT NULL,
    state_before TEXT COLLATE "C" NOT NULL,
    state_after TEXT COLLATE "C" NOT NULL,
    -- The obligations that it discharged or opened, with a comma between two.
    obligations TEXT COLLATE "C" NOT NULL,
    -- What taking it back came to.
    taken_back TEXT COLLATE "C",
    PRIMARY KEY (decision_id, conversation_id)
);
