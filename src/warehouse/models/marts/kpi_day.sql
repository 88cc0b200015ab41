{{ config(affected='affected_days', affected_keys=['date_key'], indexes=postgres_indexes([{'columns': ['date_key']}])) }}

select
  facts.date_key,
  facts.currency,
  cast(count(*) as bigint) as transactions,
  cast(sum(facts.net_minor) as bigint) as net_minor,
  cast(sum(case when facts.type = 'purchase' then 1 else 0 end) as bigint) as purchases,
  cast(sum(case when facts.type in ('refund', 'reversal') then 1 else 0 end) as bigint) as refunds,
  cast(count(facts.is_fraud) as bigint) as labelled,
  cast(sum(case when facts.is_fraud then 1 else 0 end) as bigint) as frauds
from {{ ref('fact_transactions') }} as facts
{% if is_partial() %}where facts.date_key in (select date_key from {{ ref('affected_days') }}){% endif %}
group by 1, 2
-- {{ ref('affected_days') }}
