-- What is known of which card ids are of one card, and of the customer that stands for a card: each pair once, with the
-- load that brought it first.
with seen as (
  select card_id, card_aliases, case when not has_reference then customer_id end as customer_id,
    min(load_id) as load_id, {{ bytewise_min('card_masked') }} as card_masked
  from {{ ref('stg_positions') }}
  {% if is_partial() %}where {{ in_scope() }}{% endif %}
  group by 1, 2, 3
),

pairs as (
  select card_id, 'card' as kind, card_id as linked_id, card_masked, load_id from seen
  union all
  select card_id, 'customer', customer_id, card_masked, load_id from seen where customer_id is not null
  {% for alias in range(1, 8) -%}
  union all
  select card_id, 'card', {{ split_part('card_aliases', "' '", alias) }}, card_masked, load_id
  from seen where card_aliases is not null
  {% endfor -%}
),

links as (
  select card_id, kind, linked_id, {{ bytewise_min('card_masked') }} as card_masked, min(load_id) as load_id
  from pairs
  where linked_id <> ''
  group by 1, 2, 3
)

select links.card_id, links.kind, links.linked_id, links.card_masked, links.load_id
from links
{% if is_partial() -%}
left join {{ this }} as known
  on known.card_id = links.card_id and known.kind = links.kind and known.linked_id = links.linked_id
where known.card_id is null
{%- endif %}
