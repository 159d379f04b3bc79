"""What makes a purchase cheaper and who bears it: coupons, campaigns, referrals. References are opaque."""
