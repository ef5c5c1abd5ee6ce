"""What is remembered across restarts: records, without a thought about who gets them."""
