{{ config(
    affected_keys=['card_id'],
    indexes=postgres_indexes([{'columns': ['card_id'], 'unique': true}, {'columns': ['card_key']}]),
) }}

{# A card's ids form a component of the links between them. An event names its card under all older keys at once, so a
   few links lie between any two ids: four rounds, each of which joins ways end to end, find those up to 16 apart. #}
{%- set rounds = 4 -%}

with {% if is_partial() -%}
ends as (
  select card_id, linked_id, kind from {{ ref('card_links') }} where {{ in_scope() }}
),

met as (
  select card_id from ends
  union
  select linked_id from ends where kind = 'card'
),

-- Components that new links meet, whole.
touched as (
  select card_id from met
  union
  select whole.card_id
  from {{ this }} as whole
  inner join {{ this }} as part on part.card_key = whole.card_key
  inner join met on met.card_id = part.card_id
),

links as (
  select links.card_id, links.kind, links.linked_id, links.card_masked, links.load_id
  from {{ ref('card_links') }} as links
  inner join touched on touched.card_id = links.card_id
),
{%- else -%}
links as (
  select card_id, kind, linked_id, card_masked, load_id from {{ ref('card_links') }}
),
{%- endif %}

card_links as (
  select card_id, linked_id, card_masked, load_id from links where kind = 'card'
),

sightings as (
  select card_id, card_masked, load_id from card_links
  union all
  select linked_id, card_masked, load_id from card_links
),

cards as (
  select card_id, {{ bytewise_min('card_masked') }} as card_masked, min(load_id) as first_load_id
  from sightings
  group by card_id
),

ways_0 as (
  select card_id, linked_id from card_links where card_id <> linked_id
  union
  select linked_id, card_id from card_links where card_id <> linked_id
  union
  select card_id, card_id from card_links where card_id <> linked_id
  union
  select linked_id, linked_id from card_links where card_id <> linked_id
),

{% for round in range(rounds) -%}
ways_{{ round + 1 }} as (
  select distinct there.card_id, onwards.linked_id
  from ways_{{ round }} as there
  inner join ways_{{ round }} as onwards on onwards.card_id = there.linked_id
),

{% endfor -%}
ordered as (
  select card_id, {{ card_order('linked_id') }} as card_order from ways_{{ rounds }}
),

roots as (
  select card_id, {{ split_part(bytewise_min('card_order'), "'#'", 2) }} as card_key
  from ordered
  group by card_id
),

keyed as (
  select cards.card_id, coalesce(roots.card_key, cards.card_id) as card_key, cards.card_masked, cards.first_load_id
  from cards
  left join roots on roots.card_id = cards.card_id
),

customers as (
  select
    keyed.card_key,
    count(distinct links.linked_id) as customers,
    {{ split_part(bytewise_min(card_order('links.card_id') ~ " || '#' || links.linked_id"), "'#'", 3) }} as customer_id
  from links
  inner join keyed on keyed.card_id = links.card_id
  where links.kind = 'customer'
  group by keyed.card_key
),

newest_links as (
  select keyed.card_key, max(links.load_id) as load_id
  from links
  inner join keyed on keyed.card_id = links.card_id
  group by keyed.card_key
),

components as (
  select card_key, count(*) as ids, {{ bytewise_min('card_masked') }} as card_masked from keyed group by card_key
)

select
  keyed.card_id,
  keyed.card_key,
  customers.customer_id,
  components.card_masked,
  cast(components.ids as bigint) as ids,
  keyed.first_load_id,
  -- Zero as long as all that was ever known of the card is one id and at most one customer.
  cast(
    case when components.ids = 1 and coalesce(customers.customers, 0) <= 1 then 0 else newest_links.load_id end as bigint
  ) as changed_load_id
from keyed
inner join components on components.card_key = keyed.card_key
inner join newest_links on newest_links.card_key = keyed.card_key
left join customers on customers.card_key = keyed.card_key
