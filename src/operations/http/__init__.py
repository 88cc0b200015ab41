"""The routes of the operations page, their shapes and documents."""
