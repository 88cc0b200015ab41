{{ config(affected='affected_days', affected_keys=['month'], indexes=postgres_indexes([{'columns': ['month']}])) }}

-- Sums by month; by day the cube would be as large as the facts.
select
  facts.month,
  facts.state,
  facts.category,
  facts.gender,
  facts.age_band,
  facts.currency,
  cast(count(*) as bigint) as transactions,
  cast(sum(facts.net_minor) as bigint) as net_minor,
  cast(sum(case when facts.type = 'purchase' then 1 else 0 end) as bigint) as purchases,
  cast(count(facts.is_fraud) as bigint) as labelled,
  cast(sum(case when facts.is_fraud then 1 else 0 end) as bigint) as frauds
from {{ ref('fact_transactions') }} as facts
{% if is_partial() %}where facts.month in (select month from {{ ref('affected_days') }}){% endif %}
group by 1, 2, 3, 4, 5, 6
-- {{ ref('affected_days') }}
