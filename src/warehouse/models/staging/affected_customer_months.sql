{{ config(materialized='table') }}

-- Customers and months whose transactions may have changed: of every write of an affected transaction, as any of them may
-- have been the first one; and of every customer that stood for a card before its ids were known to be of one card.
select distinct customer_id, {{ month_of('occurred_at') }} as month
from {{ ref('affected_writes') }}
{% if build_scope().first > 0 -%}
union
select distinct links.linked_id, {{ month_of('writes.occurred_at') }}
from {{ ref('affected_writes') }} as writes
inner join {{ ref('card_identity') }} as cards on cards.card_key = writes.card_key
inner join {{ ref('card_links') }} as links on links.card_id = cards.card_id and links.kind = 'customer'
where {{ in_scope('writes.identity_load_id') }}
{%- else -%}
-- {{ ref('card_identity') }} {{ ref('card_links') }}
{%- endif %}
