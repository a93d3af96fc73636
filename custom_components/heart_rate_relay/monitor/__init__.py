"""From the air to entities."""
