{{ config(
    affected='affected_customer_months',
    affected_keys=['customer_id', 'month'],
    indexes=postgres_indexes([{'columns': ['customer_id', 'month']}]),
) }}

select
  activity.month,
  activity.customer_id,
  activity.currency,
  cast(sum(activity.transactions) as bigint) as transactions,
  cast(sum(activity.net_minor) as bigint) as net_minor,
  min(activity.first_at) as first_at,
  max(activity.last_at) as last_at,
  cast(sum(activity.frauds) as bigint) as frauds
from {{ ref('activity') }} as activity
{% if is_partial() -%}
where exists (
  select 1 from {{ ref('affected_customer_months') }} as affected
  where affected.customer_id = activity.customer_id and affected.month = activity.month
)
{% endif -%}
group by 1, 2, 3
-- {{ ref('affected_customer_months') }}
