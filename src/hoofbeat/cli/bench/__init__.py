"""``hoofbeat bench``: a load on any STOMP broker, and what became of it."""
