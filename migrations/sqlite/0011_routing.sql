-- When people and teams are there: hours as JSON, and absences with who stands in.
CREATE TABLE working_hours (
    subject TEXT NOT NULL CHECK (subject IN ('associate', 'team')),
    subject_id TEXT NOT NULL,
    hours TEXT NOT NULL,
    changed_at BIGINT NOT NULL,
    changed_by TEXT REFERENCES associates (id),
    PRIMARY KEY (subject, subject_id)
);
CREATE TABLE absences (
    id TEXT PRIMARY KEY,
    subject TEXT NOT NULL CHECK (subject IN ('associate', 'team')),
    subject_id TEXT NOT NULL,
    away_from BIGINT NOT NULL,
    away_until BIGINT NOT NULL,
    stand_in_id TEXT REFERENCES associates (id),
    reason TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    created_by TEXT REFERENCES associates (id),
    CHECK (away_from < away_until),
    CHECK (stand_in_id IS NULL OR (subject = 'associate' AND stand_in_id <> subject_id))
);
CREATE INDEX absences_by_subject ON absences (subject, subject_id, away_until);

-- How many waiting conversations routing gives somebody at most; none: they take from the queue themselves.
ALTER TABLE associates ADD COLUMN capacity BIGINT;
-- What somebody knows: languages and topics.
CREATE TABLE associate_skills (
    associate_id TEXT NOT NULL REFERENCES associates (id) ON DELETE CASCADE,
    skill TEXT NOT NULL,
    PRIMARY KEY (associate_id, skill)
);
CREATE INDEX associate_teams_by_team ON associate_teams (team_id, associate_id);
CREATE INDEX queue_counts_by_assignee ON queue_counts (assignee_id, state, waiting);

-- Why a conversation is where it is: one row a decision, with its reasons as JSON.
CREATE TABLE routings (
    conversation_id TEXT NOT NULL REFERENCES conversations (id) DEFERRABLE INITIALLY DEFERRED,
    n BIGINT NOT NULL,
    decided_at BIGINT NOT NULL,
    turn BIGINT NOT NULL,
    associate_id TEXT REFERENCES associates (id),
    team_id TEXT,
    stands_in_for TEXT REFERENCES associates (id),
    stands_in_until BIGINT,
    back_at BIGINT,
    reasons TEXT NOT NULL,
    PRIMARY KEY (conversation_id, n),
    CHECK ((stands_in_for IS NULL) = (stands_in_until IS NULL))
);
CREATE INDEX routings_standing_in ON routings (stands_in_for, conversation_id) WHERE stands_in_for IS NOT NULL;

-- Since when it is raised: nobody answered in time.
ALTER TABLE conversations ADD COLUMN raised_at BIGINT;

-- Whom a customer knows: their latest conversations, and who wrote in each.
CREATE INDEX conversations_began ON conversations (contact_id, created_at);
CREATE INDEX messages_by_writer ON messages (conversation_id, associate_id) WHERE kind = 'outbound' AND associate_id IS NOT NULL;
