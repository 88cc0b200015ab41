{{ config(materialized='table') }}

-- Every day of every year in which a transaction occurred, without gaps.
{%- set days = 0 -%}
{%- if execute -%}
  {%- set row = run_query(
      'select ' ~ dbt.date_trunc('year', 'min(occurred_at)') ~ ', ' ~ dbt.date_trunc('year', 'max(occurred_at)')
      ~ ' from ' ~ ref('fact_transactions')).rows[0] -%}
  {%- if row[0] is not none -%}
    {%- set first, last_year = row[0].strftime('%Y').rjust(4, '0') ~ '-01-01', row[1].year -%}
    {%- set days = (modules.datetime.date(last_year, 12, 31) - modules.datetime.date(row[0].year, 1, 1)).days + 1 -%}
  {%- endif -%}
{%- endif %}

with days as (
  select {{ plus_days("cast('" ~ (first or '1970-01-01') ~ "' as date)", 'numbers.n') }} as date
  from ({{ numbers(days | string | length) }}) as numbers
  where numbers.n < {{ days }}
),

weekdays as (
  -- 1970-01-05 was a Monday. No engine's own number of a weekday: they differ.
  select date, ({{ days_between("cast('1970-01-05' as date)", 'date') }} % 7 + 7) % 7 + 1 as weekday from days
)

select
  {{ date_key_of('date') }} as date_key,
  date,
  cast(extract(year from date) as integer) as year,
  cast(extract(quarter from date) as integer) as quarter,
  {{ month_of('date') }} as month,
  {{ plus_days('date', 'cast(1 - weekday as integer)') }} as week_start,
  cast(weekday as integer) as weekday,
  case weekday
    when 1 then 'Monday' when 2 then 'Tuesday' when 3 then 'Wednesday' when 4 then 'Thursday' when 5 then 'Friday'
    when 6 then 'Saturday' else 'Sunday'
  end as weekday_name,
  weekday >= 6 as is_weekend
from weekdays
-- {{ ref('fact_transactions') }}
