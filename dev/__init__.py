"""What a developer needs to try the integration without an account anywhere."""
