{{ config(affected='affected_writes', affected_keys=['merchant_id']) }}

-- A partial build widens the times of merchants with new transactions by these. Only where an id was written more than once
-- may a time have become narrower, or a merchant be without any transaction: all transactions of its merchants are read.
{%- set partial = is_partial() %}
with {% if partial -%}
again as (
  select distinct merchant_id from {{ ref('ranked_writes') }}
),

times as (
  select facts.merchant_id, facts.occurred_at as first_at, facts.occurred_at as last_at
  from {{ ref('fact_transactions') }} as facts
  where {{ in_scope('facts.load_id') }} and not exists (select 1 from again where again.merchant_id = facts.merchant_id)
  union all
  select known.merchant_id, known.first_at, known.last_at
  from {{ this }} as known
  where known.merchant_id in (select merchant_id from {{ ref('affected_writes') }})
    and not exists (select 1 from again where again.merchant_id = known.merchant_id)
  union all
  select facts.merchant_id, facts.occurred_at, facts.occurred_at
  from {{ ref('fact_transactions') }} as facts
  where facts.merchant_id in (select merchant_id from again)
),
{%- else -%}
times as (
  select merchant_id, occurred_at as first_at, occurred_at as last_at from {{ ref('fact_transactions') }}
),
{%- endif %}

spans as (
  select merchant_id, min(first_at) as first_at, max(last_at) as last_at from times group by merchant_id
),

spellings as (
  select
    merchant_id,
    merchant_name,
    row_number() over (partition by merchant_id order by first_accepted_at, {{ bytewise('merchant_name') }}) as place
  from {{ ref('merchant_spellings') }}
)

select spans.merchant_id, spellings.merchant_name as name, spans.first_at, spans.last_at
from spans
inner join spellings on spellings.merchant_id = spans.merchant_id and spellings.place = 1
-- {{ ref('ranked_writes') }} {{ ref('affected_writes') }}
