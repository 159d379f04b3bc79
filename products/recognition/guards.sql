-- Who did which step by which paper is evidence: rows are added and never changed.
SELECT make_append_only('recognition_act', 'recognition_entry', 'recognition_paper', 'recognition_rule');
SELECT keep_rows('recognition_case');
