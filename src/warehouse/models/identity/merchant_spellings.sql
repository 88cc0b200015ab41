{{ config(affected_keys=['merchant_id']) }}

-- The spellings of each merchant's name, with the moment when each was accepted first.
with seen as (
  select merchant_id, merchant_name, min(accepted_at) as first_accepted_at
  from {{ ref('stg_positions') }}
  {% if is_partial() %}where {{ in_scope() }}{% endif %}
  group by merchant_id, merchant_name
)

{% if is_partial() -%}
, every as (
  select merchant_id, merchant_name, first_accepted_at from seen
  union all
  select merchant_id, merchant_name, first_accepted_at from {{ this }}
  where merchant_id in (select merchant_id from seen)
)
{%- endif %}

select merchant_id, merchant_name, min(first_accepted_at) as first_accepted_at
from {{ 'every' if is_partial() else 'seen' }}
group by merchant_id, merchant_name
