-- Identity: records of one person that were joined, what is needed to part them again exactly, and the
-- evidence. A record that was joined into another stays as an empty one that points there.
ALTER TABLE contacts ADD COLUMN merged_into_id TEXT REFERENCES contacts (id) DEFERRABLE INITIALLY DEFERRED;
-- When what was known of this person was erased: such a record joins nothing and is parted from nothing.
ALTER TABLE contacts ADD COLUMN erased_at BIGINT;

-- Of a join: which record went into which, and on what it rests: 'person' or 'code'.
ALTER TABLE journal ADD COLUMN source_id TEXT REFERENCES contacts (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE journal ADD COLUMN target_id TEXT REFERENCES contacts (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE journal ADD COLUMN basis TEXT CHECK (basis IN ('person', 'code'));
CREATE INDEX journal_by_target ON journal (target_id) WHERE target_id IS NOT NULL;
CREATE INDEX journal_by_source ON journal (source_id) WHERE source_id IS NOT NULL;

-- Values in which two joined records differed, beside the one that stands in the contact: kept until a
-- person decides.
CREATE TABLE contact_conflicts (
    contact_id TEXT NOT NULL REFERENCES contacts (id) DEFERRABLE INITIALLY DEFERRED,
    field TEXT NOT NULL CHECK (field IN ('name', 'external_ref')),
    value TEXT NOT NULL,
    journal_id TEXT NOT NULL REFERENCES journal (id),
    decided_at BIGINT,
    decided_by TEXT REFERENCES associates (id),
    PRIMARY KEY (contact_id, field, value),
    CHECK ((decided_at IS NULL) = (decided_by IS NULL))
);

-- Codes that a customer brings back on another channel. The code itself is kept nowhere.
CREATE TABLE link_codes (
    code_hash TEXT PRIMARY KEY,
    brand TEXT NOT NULL,
    contact_id TEXT NOT NULL REFERENCES contacts (id) DEFERRABLE INITIALLY DEFERRED,
    made_by TEXT NOT NULL REFERENCES associates (id),
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT,
    journal_id TEXT REFERENCES journal (id),
    -- Who brought it back without being proven: offered to a person, and joined by nobody else.
    returned_by TEXT REFERENCES handles (id) DEFERRABLE INITIALLY DEFERRED,
    returned_at BIGINT,
    CHECK ((used_at IS NULL) = (journal_id IS NULL)),
    CHECK ((returned_by IS NULL) = (returned_at IS NULL))
);
CREATE INDEX link_codes_by_contact ON link_codes (contact_id);
CREATE INDEX link_codes_returned ON link_codes (returned_by) WHERE returned_by IS NOT NULL;

-- Which two records a person said to be two people; the smaller id stands first.
CREATE TABLE apart (
    contact_id TEXT NOT NULL REFERENCES contacts (id) DEFERRABLE INITIALLY DEFERRED,
    other_id TEXT NOT NULL REFERENCES contacts (id) DEFERRABLE INITIALLY DEFERRED,
    associate_id TEXT NOT NULL REFERENCES associates (id),
    at BIGINT NOT NULL,
    PRIMARY KEY (contact_id, other_id),
    CHECK (contact_id < other_id)
);

-- What an address looks like to a person's eye: addresses of one look have one skeleton. NULL for handles
-- that are older than this column.
ALTER TABLE handles ADD COLUMN skeleton TEXT;
CREATE INDEX handles_by_skeleton ON handles (brand, channel, skeleton) WHERE skeleton IS NOT NULL;

-- What moves with a record.
CREATE INDEX obligations_by_contact ON obligations (contact_id);
CREATE INDEX deliveries_by_contact ON deliveries (contact_id) WHERE contact_id IS NOT NULL;
