{{ config(affected='affected_customer_months', affected_keys=['customer_id']) }}

-- Customers as analysts see them: bands and groups, and nothing that tells one person from all others.
with bands as (
  select activity.customer_key, activity.age_band, max(activity.last_at) as last_at
  from {{ ref('activity') }} as activity
  where activity.customer_key is not null
  {% if is_partial() -%}
    and activity.customer_id in (select customer_id from {{ ref('affected_customer_months') }})
  {%- endif %}
  group by activity.customer_key, activity.age_band
),

last_bands as (
  select
    customer_key,
    age_band,
    row_number() over (partition by customer_key order by last_at desc, {{ bytewise('age_band') }} desc) as place
  from bands
)

select
  customers.customer_key,
  customers.customer_id,
  coalesce(customers.gender, 'unknown') as gender,
  last_bands.age_band,
  coalesce(regions.region, 'unknown') as region,
  {{ job_group('customers.job') }} as job_group,
  customers.urbanicity
from {{ ref('dim_customer') }} as customers
inner join last_bands on last_bands.customer_key = customers.customer_key and last_bands.place = 1
left join {{ ref('regions') }} as regions on regions.state = customers.state
-- {{ ref('affected_customer_months') }}
