-- What a thread is called where several people read it: the group's title, the post's.
ALTER TABLE threads ADD COLUMN title TEXT;
