"""Real integrations feed a relay in a real Home Assistant, which is restarted meanwhile."""
