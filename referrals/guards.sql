-- What was promised and what was paid is evidence.
SELECT make_append_only('referral_terms', 'referral_payout');
SELECT keep_rows('referral_opt_in', 'referrer', 'referral_share');
