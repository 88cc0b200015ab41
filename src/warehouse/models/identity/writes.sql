{{ config(materialized='view') }}

-- Positions under the keys that hold today for their card and customer.
select
  positions.transaction_key, positions.shard_id, positions.sequence_number, positions.sub_sequence_number,
  positions.account, positions.transaction_id, positions.type, positions.original_transaction_id,
  positions.amount_minor, positions.currency, positions.accepted_at, positions.occurred_at,
  positions.category, positions.state, positions.gender, positions.age, positions.birth_year, positions.job, positions.city,
  positions.postal_area, positions.city_population, positions.profile_hash, positions.meters_from_home,
  case when positions.has_reference then positions.customer_id else coalesce(cards.customer_id, positions.customer_id)
  end as customer_id,
  coalesce(cards.card_key, positions.card_id) as card_key,
  positions.merchant_id, positions.merchant_name, positions.terminal_id, positions.entry_mode, positions.is_fraud,
  positions.content_digest, positions.load_id,
  coalesce(cards.changed_load_id, 0) as identity_load_id
from {{ ref('stg_positions') }} as positions
left join {{ ref('card_identity') }} as cards on cards.card_id = positions.card_id
