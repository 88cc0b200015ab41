{{ config(
    affected='affected_customer_months',
    affected_keys=['customer_id', 'month'],
    indexes=postgres_indexes([{'columns': ['customer_id', 'month']}, {'columns': ['card_key']}]),
) }}

-- What customers did by month: small enough to make dimensions of, so that these need not read the facts.
select
  facts.month,
  facts.customer_id,
  facts.customer_key,
  facts.card_key,
  facts.age_band,
  facts.currency,
  cast(count(*) as bigint) as transactions,
  cast(sum(facts.net_minor) as bigint) as net_minor,
  cast(sum(case when facts.is_fraud then 1 else 0 end) as bigint) as frauds,
  min(facts.occurred_at) as first_at,
  max(facts.occurred_at) as last_at
from {{ ref('fact_transactions') }} as facts
{% if is_partial() -%}
where exists (
  select 1 from {{ ref('affected_customer_months') }} as affected
  where affected.customer_id = facts.customer_id and affected.month = facts.month
)
{% endif -%}
group by 1, 2, 3, 4, 5, 6
-- {{ ref('affected_customer_months') }}
