"""Lists for the bank: drafted, approved by a second person, exported, and paid line by line."""
