"""An AWS account on this machine: what the templates say of roles, policies and tasks, held against real calls."""
