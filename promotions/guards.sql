-- What a coupon took off, and who bears it, is evidence: rows are added and never changed.
SELECT make_append_only('coupon_share');
