"""What is seen in an answer, in a sentence: one function a question, which computes it from the rows shown."""
