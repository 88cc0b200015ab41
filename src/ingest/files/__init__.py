"""Files as they come: packed or plain, rows or something else. What a file is, is told by its content."""
