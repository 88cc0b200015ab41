"""What is put on the path of the API of a run; nothing here is imported by it but by that."""
