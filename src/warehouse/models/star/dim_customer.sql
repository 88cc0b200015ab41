{{ config(
    database='steward' if target.type == 'duckdb' else none,
    affected='affected_customer_months',
    affected_keys=['customer_id'],
) }}

-- One row a customer and profile. A customer who goes from A to B and back to A has two rows here (A since the first time, and
-- current) and three in dim_customer_history.
with profiles as (
  select
    customer_key,
    min(valid_from) as valid_from,
    max(valid_to) as last_valid_to,
    max(case when is_current then 1 else 0 end) as current_intervals
  from {{ ref('dim_customer_history') }}
  {% if is_partial() -%}
  where customer_id in (select customer_id from {{ ref('affected_customer_months') }})
  {%- endif %}
  group by customer_key
)

select
  profiles.customer_key,
  known.customer_id,
  known.gender,
  known.birth_year,
  known.job,
  known.city,
  known.state,
  known.postal_area,
  known.city_population,
  {{ urbanicity('known.city_population') }} as urbanicity,
  profiles.valid_from,
  case when profiles.current_intervals = 0 then profiles.last_valid_to end as valid_to,
  profiles.current_intervals = 1 as is_current
from profiles
inner join {{ ref('customer_profiles') }} as known on known.customer_key = profiles.customer_key
-- {{ ref('affected_customer_months') }}
