"""The steps of the config and options flows, and their forms."""
