"""What becomes of a post and of the lines of an upload, up to their acknowledgement."""
