"""What people write: reviewers about cases, and whoever makes rules, models and labels."""
