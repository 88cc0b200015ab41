"""The domain: a submission, the checks of it, and the event that it becomes."""
