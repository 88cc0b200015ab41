{{ config(indexes=postgres_indexes([{'columns': ['customer_key'], 'unique': true}])) }}

-- What each customer key stands for. Rows are only added: a key follows from what it stands for.
with profiles as (
  select
    customer_id,
    profile_hash,
    {% for column in ['gender', 'job', 'city', 'state', 'postal_area'] -%}
    {{ bytewise_min(column) }} as {{ column }},
    {% endfor -%}
    min(birth_year) as birth_year,
    min(city_population) as city_population
  from {{ ref('affected_writes') if is_partial() else ref('writes') }}
  where profile_hash is not null
  group by customer_id, profile_hash
),

keyed as (
  select
    {{ customer_key_of('customer_id', 'profile_hash') }} as customer_key, customer_id, gender, birth_year, job, city, state,
    postal_area, city_population
  from profiles
)

select keyed.customer_key, keyed.customer_id, keyed.gender, keyed.birth_year, keyed.job, keyed.city, keyed.state,
  keyed.postal_area, keyed.city_population
from keyed
{% if is_partial() -%}
left join {{ this }} as known on known.customer_key = keyed.customer_key
where known.customer_key is null
{%- endif %}
-- {{ ref('affected_writes') }} {{ ref('writes') }}
