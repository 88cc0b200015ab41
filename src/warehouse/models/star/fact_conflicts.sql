{{ config(affected='affected_transactions', affected_keys=['transaction_key']) }}

-- Later writes of an id that say other things of it: other fields, or another card.
select
  later.shard_id,
  later.sequence_number,
  later.sub_sequence_number,
  later.transaction_key,
  later.accepted_at,
  later.content_digest,
  later.amount_minor,
  later.currency,
  later.load_id
from {{ ref('ranked_writes') }} as later
inner join {{ ref('ranked_writes') }} as first_write
  on first_write.transaction_key = later.transaction_key and first_write.place_in_order = 1
where later.place_in_order > 1
  and (later.content_digest <> first_write.content_digest or later.card_key <> first_write.card_key)
-- {{ ref('affected_transactions') }}
