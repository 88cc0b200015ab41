"""What look-ups share: cursors, chosen fields, entity tags, JSON and CSV, and the choice between the two."""
