{# Currencies for which a mart's sums differ from those of the facts. #}
{% macro same_sums(mart) -%}
with both_sides as (
  select currency, count(*) as transactions, sum(net_minor) as net_minor
  from {{ ref('fact_transactions') }}
  group by currency
  union all
  select currency, -sum(transactions), -sum(net_minor)
  from {{ ref(mart) }}
  group by currency
)

select currency, sum(transactions) as transactions, sum(net_minor) as net_minor
from both_sides
group by currency
having sum(transactions) <> 0 or sum(net_minor) <> 0
{%- endmacro %}
