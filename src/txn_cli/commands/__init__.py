"""The commands of `txn`: a module registers those of one noun; `place`, `reading`, `since` hold shared options."""
