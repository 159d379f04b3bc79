"""What makes a checkout cheaper: coupon campaigns of the county and of merchants, and the coupons people claim."""
