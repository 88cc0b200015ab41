"""Commands that say what a system needs and costs."""
