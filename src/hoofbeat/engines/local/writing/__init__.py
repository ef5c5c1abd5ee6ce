"""What a turn changes in the store: gathered, and written at a pace."""
