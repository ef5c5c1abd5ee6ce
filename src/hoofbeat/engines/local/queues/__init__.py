"""Queues: what waits, who gets it, and when it comes back."""
