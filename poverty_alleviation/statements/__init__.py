"""What a household reads and signs each quarter: figures of closed months, on paper and behind a code."""
