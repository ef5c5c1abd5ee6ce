"""The commands, and how their settings are found."""
