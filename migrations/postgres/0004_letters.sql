-- What a letter has beside its words: a subject, further recipients, an HTML form, and the name by which
-- answers refer to it, which its sender chose and which is therefore never unique.
CREATE TABLE letters (
    message_id TEXT COLLATE "C" PRIMARY KEY REFERENCES messages (id) DEFERRABLE INITIALLY DEFERRED,
    inbox_id TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C",
    -- The names that it refers to, the oldest first, with a blank between two.
    refs TEXT COLLATE "C" NOT NULL,
    subject TEXT COLLATE "C",
    -- As JSON: role, address and name of each.
    recipients TEXT COLLATE "C" NOT NULL,
    -- The whole text, where the message's own leaves something out.
    original TEXT COLLATE "C",
    html TEXT COLLATE "C",
    -- What its marks rest on.
    evidence TEXT COLLATE "C"
);
CREATE INDEX letters_by_name ON letters (inbox_id, name) WHERE name IS NOT NULL;

-- By which name the HTML of a letter shows a file in its text.
ALTER TABLE attachments ADD COLUMN content_id TEXT COLLATE "C";

-- Whose delivery it is where it goes to somebody beside the conversation's contact.
ALTER TABLE deliveries ADD COLUMN contact_id TEXT COLLATE "C";

-- To which recipient of the discharging message what was owed was answered: where that delivery fails, it is
-- owed again, and what others were owed is not.
ALTER TABLE obligations ADD COLUMN answered_to TEXT COLLATE "C";

-- What an associate has begun to write above a letter, and to whom beside the contact, as JSON.
ALTER TABLE drafts ADD COLUMN subject TEXT COLLATE "C";
ALTER TABLE drafts ADD COLUMN cc TEXT COLLATE "C";

-- The receiving server took all of it for spam: it is listed apart, and owed as anything else.
ALTER TABLE conversations ADD COLUMN suspected BOOLEAN NOT NULL DEFAULT FALSE;

-- Whether other people got the same letter, and where a message was seen.
CREATE INDEX content_keys_by_key ON content_keys (content_key);
CREATE INDEX sightings_by_message ON sightings (message_id);
