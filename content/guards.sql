-- A picture's row stays when its files go: it says what was shown, to whose charge, and who decided.
SELECT keep_rows('picture', 'content_text');

-- What waits, looked for every few seconds among everything that was ever handed in.
CREATE INDEX IF NOT EXISTS picture_waiting ON picture (next_check_at) WHERE state = 'held';
CREATE INDEX IF NOT EXISTS picture_for_a_person ON picture (id) WHERE state = 'in_review';
CREATE INDEX IF NOT EXISTS picture_unattached ON picture (uploaded_at) WHERE attached_at IS NULL AND state <> 'dropped';
CREATE INDEX IF NOT EXISTS picture_taken_off ON picture (collect_at) WHERE collect_at IS NOT NULL AND state <> 'dropped';
CREATE INDEX IF NOT EXISTS picture_to_delete ON picture (id) WHERE state = 'dropped' AND files_deleted_at IS NULL;
CREATE INDEX IF NOT EXISTS content_text_waiting ON content_text (next_check_at) WHERE state = 'held';
CREATE INDEX IF NOT EXISTS content_text_for_a_person ON content_text (held_at) WHERE state = 'in_review';
CREATE INDEX IF NOT EXISTS content_text_refused ON content_text (judged_at) WHERE state = 'refused';
CREATE INDEX IF NOT EXISTS content_text_to_forget ON content_text (judged_at)
    WHERE text <> '……' AND state IN ('passed', 'refused');
CREATE INDEX IF NOT EXISTS content_text_author ON content_text (openid) WHERE openid IS NOT NULL;
