"""What an operator does about each finding and each alarm: one entry for both."""
