-- A printed label stays what it is; its scans are only ever counted up (domain reference 3.6).
SELECT make_append_only('trace_label');
SELECT keep_rows('label_scan');
