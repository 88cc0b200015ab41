{{ config(affected='affected_card_keys', affected_keys=['card_key']) }}

with uses as (
  select activity.card_key, activity.customer_id, min(activity.first_at) as first_at, max(activity.last_at) as last_at
  from {{ ref('activity') }} as activity
  {% if is_partial() -%}
  where activity.card_key in (select card_key from {{ ref('affected_card_keys') }})
  {%- endif %}
  group by activity.card_key, activity.customer_id
),

holders as (
  select
    card_key,
    customer_id,
    min(first_at) over (partition by card_key) as first_at,
    max(last_at) over (partition by card_key) as last_at,
    row_number() over (partition by card_key order by last_at desc, {{ bytewise('customer_id') }}) as place
  from uses
)

select
  holders.card_key,
  holders.customer_id,
  cards.card_masked,
  holders.first_at,
  holders.last_at,
  cards.ids
from holders
inner join {{ ref('card_identity') }} as cards on cards.card_id = holders.card_key
where holders.place = 1
-- {{ ref('affected_card_keys') }}
