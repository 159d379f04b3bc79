-- What was done about a complaint, and the clocks that held, are evidence.
SELECT make_append_only('complaint_step', 'complaint_clock');
SELECT keep_rows('complaint', 'complaint_message');
