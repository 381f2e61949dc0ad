-- What a thread is called where several people read it: the group's title, the post's.
ALTER TABLE threads ADD COLUMN title TEXT;

-- When a person let a failed message be: it is nobody's trouble any more, and stays what it is.
ALTER TABLE messages ADD COLUMN set_aside_at BIGINT;
CREATE INDEX conversations_trouble ON conversations (last_at) WHERE trouble IS NOT NULL;
-- From now on no later message settles an earlier one by itself; what was settled so stays settled.
UPDATE messages SET set_aside_at = created_at WHERE delivery = 'failed' AND author_kind = 'associate'
    AND conversation_id IN (SELECT id FROM conversations WHERE trouble IS NULL);
