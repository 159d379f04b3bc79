-- What a coupon took off, and who bears it, is evidence: rows are added and never changed.
SELECT make_append_only('coupon_share');

-- Who bears the discount of a paid line is asked line by line.
CREATE INDEX IF NOT EXISTS coupon_share_line ON coupon_share (line);
