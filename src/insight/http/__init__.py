"""The HTTP side of the service: routes, problems, headers for pages of another origin, and the application."""
