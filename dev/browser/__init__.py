"""A real browser that walks the frontend of a real Home Assistant, as a person does."""
