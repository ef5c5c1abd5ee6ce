"""Topics: who hears a message, and what is kept of it."""
