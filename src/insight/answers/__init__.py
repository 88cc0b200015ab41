"""Answers: asked of the published files once a data version, kept, narrowed by filters, written as JSON and CSV."""
