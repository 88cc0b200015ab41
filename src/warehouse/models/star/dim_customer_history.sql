{{ config(
    database='steward' if target.type == 'duckdb' else none,
    affected='affected_customer_months',
    affected_keys=['customer_id'],
) }}

-- One row an interval in which a customer had one profile, by the customer's own transactions. Most customers never change,
-- and need only the activity by month; the transactions of those who do are put in order.
with affected as (
  {% if is_partial() -%}
  select distinct customer_id from {{ ref('affected_customer_months') }}
  {%- else -%}
  select distinct customer_id from {{ ref('activity') }}
  {%- endif %}
),

spans as (
  select activity.customer_id, activity.customer_key, min(activity.first_at) as first_at
  from {{ ref('activity') }} as activity
  inner join affected on affected.customer_id = activity.customer_id
  where activity.customer_key is not null
  group by activity.customer_id, activity.customer_key
),

counted as (
  select customer_id, count(*) as profiles from spans group by customer_id
),

steps as (
  select
    facts.customer_id,
    facts.customer_key,
    facts.occurred_at,
    facts.transaction_key,
    lag(facts.customer_key) over (
      partition by facts.customer_id order by facts.occurred_at, {{ bytewise('facts.transaction_key') }}
    ) as former_key
  from {{ ref('fact_transactions') }} as facts
  inner join counted on counted.customer_id = facts.customer_id
  where counted.profiles > 1 and facts.customer_key is not null
),

begun as (
  select customer_id, customer_key, occurred_at as valid_from, transaction_key as first_transaction_key
  from steps
  where former_key is null or former_key <> customer_key
  union all
  select spans.customer_id, spans.customer_key, spans.first_at, ''
  from spans
  inner join counted on counted.customer_id = spans.customer_id
  where counted.profiles = 1
),

intervals as (
  select
    customer_id,
    customer_key,
    valid_from,
    row_number() over (
      partition by customer_id order by valid_from, {{ bytewise('first_transaction_key') }}
    ) as interval_number,
    lead(valid_from) over (
      partition by customer_id order by valid_from, {{ bytewise('first_transaction_key') }}
    ) as valid_to
  from begun
)

select
  intervals.customer_key,
  intervals.customer_id,
  profiles.gender,
  profiles.birth_year,
  profiles.job,
  profiles.city,
  profiles.state,
  profiles.postal_area,
  profiles.city_population,
  {{ urbanicity('profiles.city_population') }} as urbanicity,
  intervals.valid_from,
  intervals.valid_to,
  intervals.valid_to is null as is_current,
  cast(intervals.interval_number as bigint) as interval_number
from intervals
inner join {{ ref('customer_profiles') }} as profiles on profiles.customer_key = intervals.customer_key
-- {{ ref('affected_customer_months') }}
