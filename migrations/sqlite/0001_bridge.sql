-- The whole model: contacts and their handles, threads, conversations, messages, obligations, the
-- outbox, jobs and the event log. Invariants that a constraint can carry stand here as constraints.
-- Times are epoch milliseconds. Foreign keys are deferred, so that a group is written table by table.

CREATE TABLE counters (
    key TEXT PRIMARY KEY,
    value BIGINT NOT NULL
);
INSERT INTO counters (key, value) VALUES ('events', 0);

-- People of ours ---------------------------------------------------------------------------------

CREATE TABLE associates (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    email TEXT NOT NULL UNIQUE,
    role TEXT NOT NULL CHECK (role IN ('admin', 'associate')),
    password_hash TEXT,
    disabled_at BIGINT,
    created_at BIGINT NOT NULL,
    last_seen_at BIGINT
);

CREATE TABLE associate_teams (
    associate_id TEXT NOT NULL REFERENCES associates (id) ON DELETE CASCADE,
    team_id TEXT NOT NULL,
    PRIMARY KEY (associate_id, team_id)
);

CREATE TABLE invitations (
    token_hash TEXT PRIMARY KEY,
    associate_id TEXT NOT NULL REFERENCES associates (id) ON DELETE CASCADE,
    kind TEXT NOT NULL CHECK (kind IN ('invite', 'reset')),
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT
);
CREATE INDEX invitations_by_associate ON invitations (associate_id);

CREATE TABLE sessions (
    token_hash TEXT PRIMARY KEY,
    associate_id TEXT NOT NULL REFERENCES associates (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX sessions_by_associate ON sessions (associate_id);

-- People outside ---------------------------------------------------------------------------------

CREATE TABLE contacts (
    id TEXT PRIMARY KEY,
    brand TEXT NOT NULL,
    name TEXT,
    external_ref TEXT,
    created_at BIGINT NOT NULL,
    known_associate_id TEXT REFERENCES associates (id),
    UNIQUE (brand, external_ref)
);

CREATE TABLE handles (
    id TEXT PRIMARY KEY,
    brand TEXT NOT NULL,
    channel TEXT NOT NULL,
    address TEXT NOT NULL,
    trust TEXT NOT NULL CHECK (trust IN ('proven', 'claimed')),
    shared BOOLEAN NOT NULL,
    can_reply BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    unreachable_at BIGINT,
    blocked_at BIGINT,
    blocked_by TEXT REFERENCES associates (id),
    blocked_reason TEXT,
    UNIQUE (brand, channel, address, trust),
    CHECK ((blocked_at IS NULL) = (blocked_by IS NULL) AND (blocked_at IS NULL) = (blocked_reason IS NULL))
);

-- Whose a handle is, and was. At most one period of a handle is open.
CREATE TABLE handle_periods (
    handle_id TEXT NOT NULL REFERENCES handles (id) DEFERRABLE INITIALLY DEFERRED,
    contact_id TEXT NOT NULL REFERENCES contacts (id) DEFERRABLE INITIALLY DEFERRED,
    valid_from BIGINT NOT NULL,
    valid_to BIGINT,
    journal_id TEXT,
    PRIMARY KEY (handle_id, contact_id, valid_from)
);
CREATE UNIQUE INDEX handle_periods_open ON handle_periods (handle_id) WHERE valid_to IS NULL;
CREATE INDEX handle_periods_by_contact ON handle_periods (contact_id);

-- Joins of handles, splits and merges, with the evidence, row by row, so that each can be undone exactly.
CREATE TABLE journal (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('join', 'split', 'merge')),
    at BIGINT NOT NULL,
    associate_id TEXT REFERENCES associates (id),
    evidence TEXT NOT NULL,
    undone_at BIGINT,
    undone_by TEXT REFERENCES associates (id)
);
CREATE TABLE journal_items (
    journal_id TEXT NOT NULL REFERENCES journal (id),
    item BIGINT NOT NULL,
    subject TEXT NOT NULL,
    subject_id TEXT NOT NULL,
    before_json TEXT NOT NULL,
    after_json TEXT NOT NULL,
    PRIMARY KEY (journal_id, item)
);

-- STOP and START, kept per sender group and address as a log of proof: a row is never changed but for its end.
CREATE TABLE opt_outs (
    sender_group TEXT NOT NULL,
    address TEXT NOT NULL,
    since BIGINT NOT NULL,
    ended_at BIGINT,
    PRIMARY KEY (sender_group, address, since)
);
CREATE UNIQUE INDEX opt_outs_standing ON opt_outs (sender_group, address) WHERE ended_at IS NULL;

-- Inboxes ----------------------------------------------------------------------------------------

-- What the configuration does not hold of an inbox. The lease and its fence let one node of several poll it.
CREATE TABLE inboxes (
    id TEXT PRIMARY KEY,
    brand TEXT NOT NULL,
    channel TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    complete_up_to BIGINT,
    lease_owner TEXT,
    lease_until BIGINT,
    fence BIGINT NOT NULL
);

CREATE TABLE cursors (
    inbox_id TEXT NOT NULL REFERENCES inboxes (id),
    scope TEXT NOT NULL,
    cursor TEXT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (inbox_id, scope)
);

CREATE TABLE gaps (
    inbox_id TEXT NOT NULL REFERENCES inboxes (id),
    gap_from BIGINT NOT NULL,
    gap_to BIGINT NOT NULL,
    reason TEXT NOT NULL,
    noted_at BIGINT NOT NULL,
    PRIMARY KEY (inbox_id, gap_from, gap_to)
);

-- Conversations ----------------------------------------------------------------------------------

CREATE TABLE conversations (
    id TEXT PRIMARY KEY,
    brand TEXT NOT NULL,
    contact_id TEXT NOT NULL REFERENCES contacts (id) DEFERRABLE INITIALLY DEFERRED,
    -- Where the next reply goes unless its author chooses: the leg that was used last.
    thread_id TEXT NOT NULL,
    inbox_id TEXT NOT NULL,
    channel TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('private', 'group', 'public')),
    -- automatic: nothing in it yet that a person wrote, so nobody owes anything.
    state TEXT NOT NULL CHECK (state IN ('open', 'automatic', 'closed')),
    team_id TEXT,
    assignee_id TEXT REFERENCES associates (id),
    continues_id TEXT,
    -- An episode runs until a person closes; a turn until a person writes or closes.
    episode BIGINT NOT NULL,
    turn BIGINT NOT NULL,
    human_in_episode BOOLEAN NOT NULL,
    last_position BIGINT NOT NULL,
    inbound_position BIGINT NOT NULL,
    -- The last word of a customer or a person of ours: what a reply must have seen.
    word_position BIGINT NOT NULL,
    waiting_since BIGINT,
    due_at BIGINT,
    last_at BIGINT NOT NULL,
    snippet TEXT NOT NULL,
    snippet_author TEXT NOT NULL,
    trouble TEXT CHECK (trouble IN ('failed', 'unconfirmed')),
    -- The one key of every list: due_at while somebody waits, else later than any due_at, newest first.
    queue_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    closed_at BIGINT,
    closed_by TEXT REFERENCES associates (id),
    UNIQUE (id, state),
    CHECK ((state = 'closed') = (closed_at IS NOT NULL)),
    CHECK ((state = 'closed') = (closed_by IS NOT NULL)),
    CHECK (state = 'open' OR due_at IS NULL),
    CHECK ((due_at IS NULL) = (waiting_since IS NULL))
);
CREATE INDEX conversations_queue ON conversations (state, queue_at, id);
CREATE INDEX conversations_by_team ON conversations (team_id, state, queue_at, id) WHERE team_id IS NOT NULL;
CREATE INDEX conversations_by_assignee ON conversations (assignee_id, state, queue_at, id) WHERE assignee_id IS NOT NULL;
CREATE INDEX conversations_by_inbox ON conversations (inbox_id, state, queue_at, id);
-- What nobody has taken yet: of all, of an inbox before a team has it, and of a team. The columns that
-- are NULL stand in them because SQLite looks at them again, and would read each row for it.
CREATE INDEX conversations_unassigned ON conversations (state, queue_at, id, assignee_id) WHERE assignee_id IS NULL;
CREATE INDEX conversations_unowned ON conversations (inbox_id, state, queue_at, id, team_id, assignee_id) WHERE team_id IS NULL AND assignee_id IS NULL;
CREATE INDEX conversations_unassigned_in_team ON conversations (team_id, state, queue_at, id, assignee_id) WHERE team_id IS NOT NULL AND assignee_id IS NULL;
CREATE INDEX conversations_by_contact ON conversations (contact_id, state, last_at);

CREATE TABLE queue_counts (
    inbox_id TEXT NOT NULL,
    team_id TEXT NOT NULL,
    assignee_id TEXT NOT NULL,
    state TEXT NOT NULL,
    waiting BOOLEAN NOT NULL,
    n BIGINT NOT NULL,
    PRIMARY KEY (inbox_id, team_id, assignee_id, state, waiting)
);

CREATE TABLE threads (
    id TEXT PRIMARY KEY,
    brand TEXT NOT NULL,
    inbox_id TEXT NOT NULL REFERENCES inboxes (id),
    channel TEXT NOT NULL,
    external_id TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('private', 'group', 'public')),
    permanent BOOLEAN NOT NULL,
    our_address TEXT NOT NULL,
    -- Whom a private thread is with.
    handle_id TEXT REFERENCES handles (id) DEFERRABLE INITIALLY DEFERRED,
    -- The conversation that it runs in now.
    conversation_id TEXT NOT NULL REFERENCES conversations (id) DEFERRABLE INITIALLY DEFERRED,
    -- The number of the last outbox row: its order of sending.
    last_ticket BIGINT NOT NULL,
    last_inbound_at BIGINT,
    -- The text that came last, since when and how often in a row: repeats are flagged and not acknowledged.
    repeat_hash TEXT,
    repeat_since BIGINT,
    repeats BIGINT NOT NULL,
    UNIQUE (inbox_id, external_id)
);
CREATE INDEX threads_by_conversation ON threads (conversation_id);

CREATE TABLE messages (
    id TEXT PRIMARY KEY,
    brand TEXT NOT NULL,
    conversation_id TEXT NOT NULL REFERENCES conversations (id) DEFERRABLE INITIALLY DEFERRED,
    position BIGINT NOT NULL,
    contact_id TEXT NOT NULL,
    thread_id TEXT,
    inbox_id TEXT,
    channel TEXT,
    kind TEXT NOT NULL CHECK (kind IN ('inbound', 'outbound', 'note', 'activity')),
    author_kind TEXT NOT NULL CHECK (author_kind IN ('contact', 'associate', 'outside_human', 'bot', 'system')),
    handle_id TEXT,
    associate_id TEXT REFERENCES associates (id),
    -- What kind of automatic message a bot's one is: a closed list.
    automatic_kind TEXT CHECK (automatic_kind IN ('ack', 'clarifying_question', 'human_requested_confirmation', 'opt_out_confirmation', 'opt_in_confirmation', 'help_text')),
    episode BIGINT NOT NULL,
    turn BIGINT NOT NULL,
    text TEXT NOT NULL,
    at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    version BIGINT NOT NULL,
    edited_at BIGINT,
    retracted_at BIGINT,
    unanswerable TEXT CHECK (unanswerable IN ('opt_out', 'opt_in', 'help', 'automatic_mail')),
    reply_to_id TEXT,
    content_hash TEXT,
    flags TEXT NOT NULL,
    delivery TEXT CHECK (delivery IN ('queued', 'sending', 'sent', 'delayed', 'delivered', 'read', 'failed', 'unconfirmed', 'cancelled')),
    delivery_reason TEXT,
    undo_until BIGINT,
    activity TEXT,
    UNIQUE (conversation_id, position),
    CHECK (kind <> 'inbound' OR (author_kind = 'contact' AND handle_id IS NOT NULL AND associate_id IS NULL)),
    CHECK (kind <> 'note' OR (author_kind = 'associate' AND associate_id IS NOT NULL)),
    -- A reply has an associate, or was seen from outside; a bot's message is one of the allowed kinds.
    CHECK (kind <> 'outbound' OR (author_kind = 'associate' AND associate_id IS NOT NULL) OR (author_kind = 'outside_human' AND associate_id IS NULL) OR (author_kind = 'bot' AND associate_id IS NULL AND automatic_kind IS NOT NULL)),
    CHECK ((author_kind = 'bot') = (automatic_kind IS NOT NULL)),
    CHECK (author_kind <> 'bot' OR kind = 'outbound'),
    CHECK ((kind = 'activity') = (activity IS NOT NULL)),
    CHECK ((kind = 'outbound') = (delivery IS NOT NULL))
);
CREATE INDEX messages_timeline ON messages (contact_id, at, id);
-- Acknowledgement and question together are at most one in a turn; the question at most one in an episode.
CREATE UNIQUE INDEX messages_one_ack_a_turn ON messages (conversation_id, turn) WHERE automatic_kind IN ('ack', 'clarifying_question');
CREATE UNIQUE INDEX messages_one_question_an_episode ON messages (conversation_id, episode) WHERE automatic_kind = 'clarifying_question';
CREATE INDEX messages_trouble ON messages (conversation_id) WHERE delivery IN ('failed', 'unconfirmed');
CREATE INDEX messages_automatic ON messages (contact_id, created_at) WHERE automatic_kind IS NOT NULL;

-- The messages that a person of ours wrote to somebody outside: nothing else discharges an obligation.
CREATE TABLE human_messages (
    message_id TEXT PRIMARY KEY REFERENCES messages (id) DEFERRABLE INITIALLY DEFERRED,
    author_kind TEXT NOT NULL CHECK (author_kind IN ('associate', 'outside_human')),
    associate_id TEXT,
    CHECK ((author_kind = 'associate') = (associate_id IS NOT NULL))
);

CREATE TABLE message_versions (
    message_id TEXT NOT NULL REFERENCES messages (id) DEFERRABLE INITIALLY DEFERRED,
    version BIGINT NOT NULL,
    text TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (message_id, version)
);

-- An open obligation points to its conversation in the state 'open', so that none can be closed over it.
CREATE TABLE obligations (
    id TEXT PRIMARY KEY,
    conversation_id TEXT NOT NULL,
    message_id TEXT NOT NULL REFERENCES messages (id) DEFERRABLE INITIALLY DEFERRED,
    contact_id TEXT NOT NULL,
    position BIGINT NOT NULL,
    opened_at BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    open_state TEXT CHECK (open_state = 'open'),
    discharged_at BIGINT,
    discharged_by TEXT REFERENCES human_messages (message_id) DEFERRABLE INITIALLY DEFERRED,
    waived_by TEXT REFERENCES associates (id),
    waived_reason TEXT,
    FOREIGN KEY (conversation_id, open_state) REFERENCES conversations (id, state) DEFERRABLE INITIALLY DEFERRED,
    CHECK ((open_state IS NULL) = (discharged_at IS NOT NULL)),
    CHECK ((waived_by IS NULL) = (waived_reason IS NULL)),
    CHECK ((discharged_at IS NOT NULL) = (discharged_by IS NOT NULL OR waived_by IS NOT NULL))
);
CREATE INDEX obligations_by_conversation ON obligations (conversation_id, open_state, position);
CREATE INDEX obligations_discharged ON obligations (discharged_by) WHERE discharged_by IS NOT NULL;

-- Where a message was seen. One message may have several sightings, one sighting never two messages.
CREATE TABLE sightings (
    inbox_id TEXT NOT NULL,
    external_id TEXT NOT NULL,
    -- No foreign key: the claim comes first, and SQLite would look for it with every message that follows.
    message_id TEXT,
    content_hash TEXT NOT NULL,
    trust TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (inbox_id, external_id)
);

CREATE TABLE content_keys (
    audience TEXT NOT NULL,
    content_key TEXT NOT NULL,
    message_id TEXT NOT NULL,
    PRIMARY KEY (audience, content_key)
);

CREATE TABLE raw_payloads (
    id TEXT PRIMARY KEY,
    inbox_id TEXT NOT NULL,
    external_id TEXT NOT NULL,
    content_type TEXT NOT NULL,
    bytes BLOB,
    blob_key TEXT,
    received_at BIGINT NOT NULL
);
CREATE INDEX raw_payloads_by_sighting ON raw_payloads (inbox_id, external_id);
CREATE INDEX raw_payloads_by_blob ON raw_payloads (blob_key) WHERE blob_key IS NOT NULL;

-- What could not be read: kept, shown, and owed until it is read again or a person sets it aside.
-- Only a person settles it, or that it could be read after all.
CREATE TABLE parked (
    id TEXT PRIMARY KEY,
    inbox_id TEXT NOT NULL,
    external_id TEXT NOT NULL,
    reason TEXT NOT NULL,
    at BIGINT NOT NULL,
    settled_at BIGINT,
    settled_by TEXT REFERENCES associates (id),
    -- Why a person set it aside.
    settled_reason TEXT,
    -- What it became when it could be read.
    message_id TEXT,
    UNIQUE (inbox_id, external_id),
    CHECK (settled_at IS NOT NULL OR (settled_by IS NULL AND settled_reason IS NULL AND message_id IS NULL)),
    CHECK (settled_at IS NULL OR settled_by IS NOT NULL OR message_id IS NOT NULL),
    CHECK (settled_reason IS NULL OR settled_by IS NOT NULL)
);
CREATE INDEX parked_owed ON parked (at, id) WHERE settled_at IS NULL;

CREATE TABLE attachments (
    id TEXT PRIMARY KEY,
    message_id TEXT REFERENCES messages (id) DEFERRABLE INITIALLY DEFERRED,
    uploaded_by TEXT REFERENCES associates (id),
    inbox_id TEXT,
    item BIGINT NOT NULL,
    name TEXT NOT NULL,
    content_type TEXT NOT NULL,
    size BIGINT,
    sha256 TEXT,
    blob_key TEXT,
    reference TEXT,
    state TEXT NOT NULL CHECK (state IN ('pending', 'stored', 'failed')),
    reason TEXT,
    created_at BIGINT NOT NULL,
    CHECK ((state = 'stored') = (blob_key IS NOT NULL))
);
CREATE INDEX attachments_by_message ON attachments (message_id);
CREATE INDEX attachments_by_blob ON attachments (blob_key) WHERE blob_key IS NOT NULL;

-- Sending ----------------------------------------------------------------------------------------

CREATE TABLE deliveries (
    message_id TEXT NOT NULL REFERENCES messages (id) DEFERRABLE INITIALLY DEFERRED,
    recipient TEXT NOT NULL,
    handle_id TEXT NOT NULL,
    state TEXT NOT NULL,
    reason TEXT,
    PRIMARY KEY (message_id, recipient)
);

CREATE TABLE outbox (
    id TEXT PRIMARY KEY,
    message_id TEXT NOT NULL REFERENCES messages (id) DEFERRABLE INITIALLY DEFERRED,
    recipient TEXT NOT NULL,
    part BIGINT NOT NULL,
    thread_id TEXT NOT NULL REFERENCES threads (id),
    inbox_id TEXT NOT NULL,
    ticket BIGINT NOT NULL,
    automatic BOOLEAN NOT NULL,
    text TEXT NOT NULL,
    attachments TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('queued', 'sending', 'sent', 'delayed', 'delivered', 'read', 'failed', 'unconfirmed', 'cancelled')),
    due_at BIGINT NOT NULL,
    attempt BIGINT NOT NULL,
    lease_owner TEXT,
    lease_until BIGINT,
    external_id TEXT,
    reason TEXT,
    created_at BIGINT NOT NULL,
    UNIQUE (message_id, recipient, part),
    UNIQUE (thread_id, ticket),
    CHECK ((state = 'sending') = (lease_owner IS NOT NULL)),
    CHECK ((state = 'sending') = (lease_until IS NOT NULL))
);
CREATE INDEX outbox_due ON outbox (inbox_id, due_at) WHERE state = 'queued';
CREATE INDEX outbox_leased ON outbox (inbox_id, lease_until) WHERE state = 'sending';
CREATE INDEX outbox_trouble ON outbox (inbox_id, state) WHERE state IN ('failed', 'unconfirmed');
CREATE INDEX outbox_unfinished ON outbox (thread_id, recipient, ticket) WHERE state IN ('queued', 'sending', 'unconfirmed');
CREATE UNIQUE INDEX outbox_external ON outbox (inbox_id, external_id) WHERE external_id IS NOT NULL;

-- Reports of the provider, kept because one may come before we know the id that it names.
CREATE TABLE receipts (
    inbox_id TEXT NOT NULL,
    external_id TEXT NOT NULL,
    state TEXT NOT NULL,
    reason TEXT,
    at BIGINT NOT NULL,
    PRIMARY KEY (inbox_id, external_id, state)
);

-- Work that happens later, and the log ------------------------------------------------------------

CREATE TABLE jobs (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    key TEXT NOT NULL UNIQUE,
    payload TEXT NOT NULL,
    due_at BIGINT NOT NULL,
    attempt BIGINT NOT NULL,
    lease_owner TEXT,
    lease_until BIGINT,
    done_at BIGINT,
    last_error TEXT,
    created_at BIGINT NOT NULL
);
CREATE INDEX jobs_due ON jobs (due_at) WHERE done_at IS NULL;

CREATE TABLE events (
    seq BIGINT PRIMARY KEY,
    at BIGINT NOT NULL,
    kind TEXT NOT NULL,
    brand TEXT,
    inbox_id TEXT,
    contact_id TEXT,
    conversation_id TEXT,
    message_id TEXT,
    actor_id TEXT,
    team_before TEXT,
    team_after TEXT,
    assignee_before TEXT,
    assignee_after TEXT,
    fields TEXT
);
CREATE INDEX events_by_time ON events (at);

-- Each associate's own view ------------------------------------------------------------------------

CREATE TABLE read_marks (
    associate_id TEXT NOT NULL REFERENCES associates (id) ON DELETE CASCADE,
    conversation_id TEXT NOT NULL REFERENCES conversations (id) DEFERRABLE INITIALLY DEFERRED,
    position BIGINT NOT NULL,
    PRIMARY KEY (associate_id, conversation_id)
);

CREATE TABLE drafts (
    conversation_id TEXT NOT NULL REFERENCES conversations (id),
    associate_id TEXT NOT NULL REFERENCES associates (id) ON DELETE CASCADE,
    text TEXT NOT NULL,
    attachments TEXT NOT NULL,
    note BOOLEAN NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (conversation_id, associate_id)
);

CREATE TABLE templates (
    brand TEXT NOT NULL,
    kind TEXT NOT NULL,
    language TEXT NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (brand, kind, language)
);

CREATE TABLE idempotency_keys (
    associate_id TEXT NOT NULL REFERENCES associates (id) ON DELETE CASCADE,
    key TEXT NOT NULL,
    body_hash TEXT NOT NULL,
    message_id TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (associate_id, key)
);
