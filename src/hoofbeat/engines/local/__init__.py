"""Topics and queues in this process."""
