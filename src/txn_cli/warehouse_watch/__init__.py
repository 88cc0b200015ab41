"""Runs the warehouse again and again beside a local stack, for as long as the stack is up."""
