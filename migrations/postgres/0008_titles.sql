-- What a thread is called where several people read it: the group's title, the post's.
ALTER TABLE threads ADD COLUMN title TEXT;

-- When a person let a failed message be: it is nobody's trouble any more, and stays what it is.
ALTER TABLE messages ADD COLUMN set_aside_at BIGINT;
CREATE INDEX conversations_trouble ON conversations (last_at) WHERE trouble IS NOT NULL;
-- A later message no longer settles an earlier one.
UPDATE conversations SET trouble = 'failed' WHERE id IN (
    SELECT conversation_id FROM messages WHERE delivery = 'failed' AND author_kind = 'associate'
);
