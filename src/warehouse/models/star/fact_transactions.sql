{{ config(
    affected='affected_transactions',
    affected_keys=['transaction_key'],
    indexes=postgres_indexes([
        {'columns': ['transaction_key'], 'unique': true},
        {'columns': ['customer_id', 'month']},
        {'columns': ['date_key']},
        {'columns': ['load_id']},
    ]),
) }}
{%- set source = ref('affected_writes') if is_partial() else ref('writes') %}

with firsts as (
  select {{ fact_columns() }}, cast(1 as bigint) as writes, load_id
  from {{ source }} as single
  where not exists (
    select 1 from {{ ref('ranked_writes') }} as repeated where repeated.transaction_key = single.transaction_key
  )
  union all
  select {{ fact_columns() }}, writes, newest_load_id
  from {{ ref('ranked_writes') }}
  where place_in_order = 1
)

select
  firsts.transaction_key,
  firsts.account,
  firsts.transaction_id,
  firsts.type,
  firsts.original_transaction_id,
  firsts.amount_minor,
  case when firsts.type in ('refund', 'reversal') then -firsts.amount_minor else firsts.amount_minor end as net_minor,
  firsts.currency,
  firsts.accepted_at,
  firsts.occurred_at,
  {{ date_key_of('firsts.occurred_at') }} as date_key,
  {{ month_of('firsts.occurred_at') }} as month,
  cast(extract(hour from firsts.occurred_at) as integer) as hour_utc,
  coalesce(firsts.category, 'unknown') as category,
  coalesce(regions.state, '??') as state,
  coalesce(firsts.gender, 'unknown') as gender,
  {{ age_band('firsts.age') }} as age_band,
  firsts.meters_from_home,
  case when firsts.profile_hash is not null then {{ customer_key_of('firsts.customer_id', 'firsts.profile_hash') }}
  end as customer_key,
  firsts.customer_id,
  firsts.merchant_id,
  firsts.card_key,
  firsts.terminal_id,
  firsts.entry_mode,
  firsts.is_fraud,
  firsts.writes,
  cast(
    case when firsts.identity_load_id > firsts.load_id then firsts.identity_load_id else firsts.load_id end as bigint
  ) as load_id
from firsts
left join {{ ref('regions') }} as regions on regions.state = firsts.state
-- {{ ref('affected_transactions') }} {{ ref('affected_writes') }} {{ ref('writes') }}
