{{ config(materialized='table') }}

-- Transactions that a partial build makes again: those of new positions, and those of cards whose key or customer changed.
select distinct account, transaction_id, transaction_key
from {{ ref('stg_positions') }}
where {{ in_scope() if build_scope().first > 0 else 'false' }}
{% if build_scope().first > 0 -%}
union
select positions.account, positions.transaction_id, positions.transaction_key
from {{ ref('stg_positions') }} as positions
inner join {{ ref('card_identity') }} as cards on cards.card_id = positions.card_id
where {{ in_scope('cards.changed_load_id') }} and cards.first_load_id <= {{ build_scope().first }}
{%- else -%}
-- {{ ref('card_identity') }}
{%- endif %}
