"""The referral programme for consumers."""
