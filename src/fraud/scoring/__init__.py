"""The pure part of the scorer: what a record scores after its card's earlier ones, and what is kept of the card."""
