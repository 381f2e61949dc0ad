-- What associates do with each other over a conversation: put it off, name one another in notes, hand it over.

-- Until when it is put off, for everybody, and by whom: open and owed as before, and listed apart.
ALTER TABLE conversations ADD COLUMN snoozed_until BIGINT CHECK (snoozed_until IS NULL OR state = 'open');
ALTER TABLE conversations ADD COLUMN snoozed_by TEXT REFERENCES associates (id);
-- Who is named in its notes and therefore sees it: ids, with a comma between two.
ALTER TABLE conversations ADD COLUMN mentioned TEXT NOT NULL DEFAULT '';
-- Whom a note names: ids, with a comma between two.
ALTER TABLE messages ADD COLUMN mentions TEXT;

-- For each who is named where: the latest note that does it, whether they have read it, and what the lists of the
-- conversation go by, kept in line with its row, so that what a person sees by being named is one index in queue order.
CREATE TABLE mentions (
    associate_id TEXT NOT NULL REFERENCES associates (id) ON DELETE CASCADE,
    conversation_id TEXT NOT NULL REFERENCES conversations (id) DEFERRABLE INITIALLY DEFERRED,
    position BIGINT NOT NULL,
    unread BOOLEAN NOT NULL,
    state TEXT NOT NULL,
    assignee_id TEXT,
    queue_at BIGINT NOT NULL,
    PRIMARY KEY (associate_id, conversation_id)
);
CREATE INDEX mentions_queue ON mentions (associate_id, state, queue_at, conversation_id);
CREATE INDEX mentions_unassigned ON mentions (associate_id, state, queue_at, conversation_id, assignee_id) WHERE assignee_id IS NULL;
CREATE INDEX mentions_of_associate ON mentions (associate_id, queue_at, conversation_id);
CREATE INDEX mentions_of_conversation ON mentions (conversation_id);
CREATE INDEX mentions_unread ON mentions (associate_id) WHERE unread;

-- The counters of the views once more for each who is named: what they see by that alone is counted from here.
CREATE TABLE mention_counts (
    named_id TEXT NOT NULL,
    inbox_id TEXT NOT NULL,
    team_id TEXT NOT NULL,
    assignee_id TEXT NOT NULL,
    state TEXT NOT NULL,
    waiting BOOLEAN NOT NULL,
    n BIGINT NOT NULL,
    PRIMARY KEY (named_id, inbox_id, team_id, assignee_id, state, waiting)
);

-- More acts are decisions now, and keep how each conversation stood.
CREATE TABLE decisions_now (
    id TEXT PRIMARY KEY,
    associate_id TEXT NOT NULL REFERENCES associates (id) ON DELETE CASCADE,
    act TEXT NOT NULL CHECK (act IN ('waive', 'close', 'release', 'suspect', 'owe', 'assign', 'transfer', 'snooze', 'wake')),
    decided_at BIGINT NOT NULL,
    undone_at BIGINT
);
CREATE TABLE decision_items_now (
    decision_id TEXT NOT NULL REFERENCES decisions_now (id) ON DELETE CASCADE,
    conversation_id TEXT NOT NULL REFERENCES conversations (id) DEFERRABLE INITIALLY DEFERRED,
    -- The conversation's last position once it was decided: what stands behind it is newer.
    position BIGINT NOT NULL,
    state_before TEXT NOT NULL,
    state_after TEXT NOT NULL,
    -- The obligations that it discharged or opened, with a comma between two.
    obligations TEXT NOT NULL,
    -- What taking it back came to.
    taken_back TEXT,
    -- Whose it was before, and until when it was put off, as JSON.
    stood TEXT,
    PRIMARY KEY (decision_id, conversation_id)
);
INSERT INTO decisions_now SELECT id, associate_id, act, decided_at, undone_at FROM decisions;
INSERT INTO decision_items_now SELECT decision_id, conversation_id, position, state_before, state_after, obligations, taken_back, NULL FROM decision_items;
DROP TABLE decision_items;
DROP TABLE decisions;
ALTER TABLE decisions_now RENAME TO decisions;
ALTER TABLE decision_items_now RENAME TO decision_items;
CREATE INDEX decisions_by_time ON decisions (decided_at);
