"""What is published later: jobs, their names, and the schedule that publishes them when it is time."""
