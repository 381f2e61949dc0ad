-- How a conversation stood before a person's message, as JSON, for whoever takes it back.
ALTER TABLE human_messages ADD COLUMN undo_to TEXT;
