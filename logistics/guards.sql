-- An order keeps the version of the freight terms that it was charged by, so versions stay as they were written.
SELECT make_append_only('freight_version');
SELECT keep_rows('freight_template');
