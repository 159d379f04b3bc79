"""The referral programme for the county and its merchants."""
