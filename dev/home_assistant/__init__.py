"""A real Home Assistant to develop with: its configuration, its process, its API."""
