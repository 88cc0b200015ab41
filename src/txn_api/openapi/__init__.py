"""The OpenAPI document. Routes say what they take and answer in the words of `operations`; the rest is derived."""
