-- What an event says is never edited (domain reference 3.1, "correction"); goods are looked for in all of them.
SELECT make_append_only('epcis_event');
SELECT make_append_only('epcis_capture');
CREATE INDEX IF NOT EXISTS epcis_event_place ON epcis_event ((body -> 'readPoint' ->> 'id'), event_time);
CREATE INDEX IF NOT EXISTS epcis_event_things ON epcis_event USING gin (things jsonb_path_ops);
