{{ config(materialized='view') }}

-- One row a stream position: nothing is dropped, repeats and conflicts included.
select
  account || '#' || transaction_id as transaction_key,
  commit_number, shard_id, sequence_number, sub_sequence_number, arrived_at, schema_version, transaction_id, account, type,
  original_transaction_id, accepted_at, occurred_at, amount_minor, currency, card_id, card_aliases, card_masked, customer_id,
  has_reference, has_customer, gender, birth_year, age, job, city, state, postal_area, city_population, profile_hash,
  meters_from_home, merchant_id, merchant_name, category, terminal_id, entry_mode, is_fraud, content_digest, load_id
from {{ source('landing', 'positions') }}
where load_id <= {{ build_scope().last }}
