{{ config(materialized='table') }}

-- Card keys whose transactions may have changed, former keys included.
select distinct card_key from {{ ref('affected_writes') }}
union
select card_id from {{ ref('card_identity') }}
where {{ in_scope('changed_load_id') if build_scope().first > 0 else 'false' }}
