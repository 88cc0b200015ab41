"""The canary suite: marked card numbers everywhere, and the search for them (`make canary`)."""
