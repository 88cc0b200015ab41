{{ config(materialized='table') }}

-- The writes of ids that were written more than once, in their order. Only they are put in order, as most ids have one.
{%- set source = ref('affected_writes') if build_scope().first > 0 else ref('writes') %}

with repeated as (
  select transaction_key, count(*) as writes, max(load_id) as load_id
  from {{ ref('affected_writes') if build_scope().first > 0 else ref('stg_positions') }}
  group by transaction_key
  having count(*) > 1
)

select
  writes.*,
  row_number() over (partition by writes.transaction_key order by {{ write_order() }}) as place_in_order,
  cast(repeated.writes as bigint) as writes,
  repeated.load_id as newest_load_id
from {{ source }} as writes
inner join repeated on repeated.transaction_key = writes.transaction_key
-- {{ ref('affected_writes') }} {{ ref('writes') }} {{ ref('stg_positions') }}
