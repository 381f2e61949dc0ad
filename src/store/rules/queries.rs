//! What must never be the case, as questions to the database: each finds the rows that break one rule.
//!
//! Nothing here knows the store, so that tests outside of this crate include the same file by its path.

/// A rule and a query that finds what breaks it.
pub(crate) const RULES: &[(&str, &str)] = &[
    (
        "a conversation with an open obligation is open",
        "SELECT c.id AS id FROM conversations c JOIN obligations o ON o.conversation_id = c.id \
         WHERE o.open_state = 'open' AND c.state <> 'open'",
    ),
    (
        "a conversation waits since and until what its open obligations say",
        "SELECT c.id AS id FROM conversations c LEFT JOIN (SELECT conversation_id, min(due_at) AS due, \
         min(opened_at) AS since FROM obligations WHERE open_state = 'open' GROUP BY conversation_id) o \
         ON o.conversation_id = c.id WHERE COALESCE(c.due_at, -1) <> COALESCE(o.due, -1) \
         OR COALESCE(c.waiting_since, -1) <> COALESCE(o.since, -1)",
    ),
    (
        "no view counts what is not there",
        "SELECT inbox_id AS id FROM (SELECT inbox_id, team_id, assignee_id, state, waiting, n FROM queue_counts \
         WHERE n <> 0 EXCEPT SELECT inbox_id, COALESCE(team_id, ''), COALESCE(assignee_id, ''), \
         CASE WHEN suspected AND state = 'open' THEN 'suspected' WHEN snoozed_until IS NOT NULL THEN 'snoozed' ELSE state END, due_at IS NOT NULL, count(*) FROM conversations GROUP BY 1, 2, 3, 4, 5) AS d",
    ),
    (
        "every conversation is counted",
        "SELECT inbox_id AS id FROM (SELECT inbox_id, COALESCE(team_id, ''), COALESCE(assignee_id, ''), \
         CASE WHEN suspected AND state = 'open' THEN 'suspected' WHEN snoozed_until IS NOT NULL THEN 'snoozed' ELSE state END, due_at IS NOT NULL, count(*) FROM conversations GROUP BY 1, 2, 3, 4, 5 EXCEPT \
         SELECT inbox_id, team_id, assignee_id, state, waiting, n FROM queue_counts) AS d",
    ),
    (
        "what is open and suspected stands apart, and nothing else does",
        "SELECT id FROM conversations WHERE (queue_at >= 4500000000000000) <> (suspected AND state = 'open') \
         OR queue_at > 9007199254740991",
    ),
    (
        "what is put off stands in a band of its own, and nothing else does",
        "SELECT id FROM conversations WHERE (queue_at >= 4100000000000000 AND queue_at < 4500000000000000) \
         <> (snoozed_until IS NOT NULL AND NOT suspected)",
    ),
    (
        "whatever is put off has a job that wakes it",
        "SELECT c.id AS id FROM conversations c WHERE c.snoozed_until IS NOT NULL AND NOT EXISTS (SELECT 1 FROM jobs j \
         WHERE j.kind = 'wake' AND j.payload = c.id AND j.done_at IS NULL AND j.due_at <= c.snoozed_until)",
    ),
    (
        "what those see who are named is what it is",
        "SELECT n.conversation_id AS id FROM mentions n JOIN conversations c ON c.id = n.conversation_id \
         WHERE n.state <> c.state OR n.queue_at <> c.queue_at OR COALESCE(n.assignee_id, '') <> COALESCE(c.assignee_id, '') \
         OR c.mentioned NOT LIKE '%' || n.associate_id || '%'",
    ),
    (
        "what those see who are named is counted for them",
        "SELECT named_id AS id FROM (SELECT named_id, inbox_id, team_id, assignee_id, state, waiting, n FROM mention_counts \
         WHERE n <> 0 EXCEPT SELECT n.associate_id, c.inbox_id, COALESCE(c.team_id, ''), COALESCE(c.assignee_id, ''), \
         CASE WHEN c.suspected AND c.state = 'open' THEN 'suspected' WHEN c.snoozed_until IS NOT NULL THEN 'snoozed' ELSE c.state END, \
         c.due_at IS NOT NULL, count(*) FROM mentions n JOIN conversations c ON c.id = n.conversation_id \
         GROUP BY 1, 2, 3, 4, 5, 6) AS d",
    ),
    (
        "the log is dense and its counter is its last number",
        "SELECT key AS id FROM counters WHERE key = 'events' AND (value <> (SELECT count(*) FROM events) \
         OR value <> (SELECT COALESCE(max(seq), 0) FROM events) OR 1 < (SELECT COALESCE(min(seq), 1) FROM events))",
    ),
    (
        "at most one acknowledgement in a turn",
        "SELECT conversation_id AS id FROM messages WHERE automatic_kind IS NOT NULL \
         GROUP BY conversation_id, turn HAVING count(*) > 1",
    ),
    (
        "the bot is silent once a person has written in the episode",
        "SELECT b.id AS id FROM messages b JOIN messages h ON h.conversation_id = b.conversation_id \
         AND h.episode = b.episode AND h.kind = 'outbound' AND h.author_kind <> 'bot' AND h.position < b.position \
         WHERE b.author_kind = 'bot'",
    ),
    (
        "at most two automatic messages to a contact in 24 hours",
        "SELECT a.id AS id FROM messages a JOIN messages b ON b.contact_id = a.contact_id \
         AND b.automatic_kind IS NOT NULL AND b.position IS NOT NULL AND b.created_at <= a.created_at \
         AND b.created_at > a.created_at - 86400000 WHERE a.automatic_kind IS NOT NULL \
         GROUP BY a.id HAVING count(*) > 2",
    ),
    (
        "only a person's message that stands, or a person's waiver, discharges",
        "SELECT o.id AS id FROM obligations o LEFT JOIN messages m ON m.id = o.discharged_by \
         WHERE o.open_state IS NULL AND NOT (COALESCE(o.waived_reason, '') <> '' OR (m.kind = 'outbound' \
         AND m.author_kind = 'associate' AND m.associate_id IS NOT NULL \
         AND m.conversation_id = o.conversation_id AND m.position > o.position \
         AND EXISTS (SELECT 1 FROM deliveries d WHERE d.message_id = m.id AND d.recipient = o.answered_to \
         AND COALESCE(d.contact_id, m.contact_id) = o.contact_id AND d.state NOT IN ('failed', 'cancelled'))))",
    ),
    (
        "what a later message of a person answers is not owed, unless it was edited",
        "SELECT o.id AS id FROM obligations o JOIN messages i ON i.id = o.message_id AND i.version = 1 \
         JOIN messages m ON m.conversation_id = o.conversation_id AND m.kind = 'outbound' \
         AND m.author_kind = 'associate' AND m.position > o.position JOIN deliveries d ON d.message_id = m.id \
         AND COALESCE(d.contact_id, m.contact_id) = o.contact_id AND d.state NOT IN ('failed', 'cancelled') \
         WHERE o.open_state = 'open'",
    ),
    (
        "positions are dense",
        "SELECT c.id AS id FROM conversations c LEFT JOIN messages m ON m.conversation_id = c.id \
         GROUP BY c.id, c.last_position HAVING count(m.id) <> c.last_position OR count(m.id) = 0 \
         OR min(m.position) <> 1 OR max(m.position) <> c.last_position",
    ),
    (
        "nothing is answered to somebody in particular by nothing",
        "SELECT id FROM obligations WHERE answered_to IS NOT NULL AND discharged_by IS NULL",
    ),
    (
        "every outbound message has one delivery to its contact, and parts in the outbox for each delivery",
        "SELECT m.id AS id FROM messages m WHERE m.kind = 'outbound' AND ((SELECT count(*) FROM deliveries d \
         WHERE d.message_id = m.id AND d.contact_id IS NULL) <> 1 OR (SELECT count(*) FROM deliveries d WHERE d.message_id = m.id) \
         <> (SELECT count(DISTINCT o.recipient) FROM outbox o JOIN deliveries d ON d.message_id = o.message_id \
         AND d.recipient = o.recipient WHERE o.message_id = m.id))",
    ),
    (
        "parts take their tickets in the order of messages",
        "SELECT a.id AS id FROM outbox a JOIN messages ma ON ma.id = a.message_id \
         JOIN outbox b ON b.thread_id = a.thread_id AND b.ticket > a.ticket JOIN messages mb ON mb.id = b.message_id \
         WHERE mb.conversation_id = ma.conversation_id \
         AND (mb.position < ma.position OR (mb.id = ma.id AND b.recipient = a.recipient AND b.part <= a.part))",
    ),
    (
        "no thread has given a ticket that it does not know of",
        "SELECT t.id AS id FROM threads t JOIN outbox o ON o.thread_id = t.id WHERE o.ticket > t.last_ticket",
    ),
    (
        "the parts of a message are sent one at a time",
        "SELECT a.id AS id FROM outbox a JOIN outbox b ON b.thread_id = a.thread_id AND b.recipient = a.recipient \
         AND b.part > a.part AND b.message_id = a.message_id WHERE a.state IN ('sending', 'unconfirmed') AND b.state = 'sending'",
    ),
    (
        "a conversation knows whether a person has spoken in its episode",
        "SELECT c.id AS id FROM conversations c WHERE c.human_in_episode <> EXISTS (SELECT 1 FROM messages m \
         WHERE m.conversation_id = c.id AND m.episode = c.episode AND m.kind = 'outbound' AND m.author_kind <> 'bot')",
    ),
    (
        "a sighting has its message, and a message its sighting",
        "SELECT m.id AS id FROM messages m LEFT JOIN sightings s ON s.message_id = m.id WHERE m.kind = 'inbound' \
         AND s.message_id IS NULL UNION ALL SELECT s.external_id AS id FROM sightings s \
         LEFT JOIN messages m ON m.id = s.message_id WHERE m.id IS NULL",
    ),
    (
        "a handle has one owner, and a contact of its own where nothing joined it",
        "SELECT h.id AS id FROM handles h WHERE NOT EXISTS (SELECT 1 FROM handle_periods p WHERE p.handle_id = h.id AND p.valid_to IS NULL) \
         UNION ALL SELECT c.id AS id FROM contacts c WHERE (SELECT count(*) FROM handle_periods p WHERE p.contact_id = c.id) \
         <> CASE WHEN c.merged_into_id IS NULL THEN 1 ELSE 0 END AND NOT EXISTS (SELECT 1 FROM journal j \
         WHERE j.undone_at IS NULL AND (j.target_id = c.id OR j.source_id = c.id))",
    ),
    (
        "at most one period of a handle is open, and none ends before it begins",
        "SELECT handle_id AS id FROM handle_periods GROUP BY handle_id \
         HAVING sum(CASE WHEN valid_to IS NULL THEN 1 ELSE 0 END) > 1 OR min(valid_to - valid_from) < 0",
    ),
    (
        "what was written from a handle stands with a contact whose it is or was",
        "SELECT m.id AS id FROM messages m JOIN conversations c ON c.id = m.conversation_id WHERE m.contact_id <> c.contact_id \
         OR (m.kind = 'inbound' AND NOT EXISTS (SELECT 1 FROM handle_periods p WHERE p.handle_id = m.handle_id \
         AND p.contact_id = m.contact_id))",
    ),
    (
        "nobody has two standing opt-outs, and none ended before it began",
        "SELECT address AS id FROM opt_outs GROUP BY sender_group, address \
         HAVING sum(CASE WHEN ended_at IS NULL THEN 1 ELSE 0 END) > 1 OR min(ended_at - since) < 0",
    ),
];
