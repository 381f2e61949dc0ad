-- An associate's own word, which a customer brings along from a link, a card or by heart. It is printed and
-- passed on: no secret, and it proves nothing of who brings it.
CREATE TABLE entry_words (
    word TEXT PRIMARY KEY,
    associate_id TEXT NOT NULL REFERENCES associates (id),
    created_at BIGINT NOT NULL,
    ended_at BIGINT
);
CREATE UNIQUE INDEX entry_words_standing ON entry_words (associate_id) WHERE ended_at IS NULL;
