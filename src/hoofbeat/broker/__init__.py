"""The domain, without I/O: sessions, destinations, subscriptions, deliveries."""
