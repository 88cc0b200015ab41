"""Files as batches: each is taken in once, under a receipt that says what became of its rows.

`batch_ids` names a batch by its content, `batch_receipt` and `receipt_store` keep what is known of it, `hold` gives
it to one process at a time, and `batch_upload` sends its rows.
"""
