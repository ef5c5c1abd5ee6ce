"""Who gets a message: engines behind the broker's seam."""
