"""From entities to the service."""
