"""What is wrong in the books is proposed by one person and decided by another; nothing is ever edited."""
