{{ config(materialized='table') }}
{%- set first = build_scope().first %}

-- All writes of affected transactions. Most have none but the new ones, which engines find by their load; old rows are read
-- whole only for the transactions that have some.
with earlier as (
  select distinct positions.account, positions.transaction_id
  from {{ ref('stg_positions') }} as positions
  inner join {{ ref('affected_transactions') }} as affected
    on affected.account = positions.account and affected.transaction_id = positions.transaction_id
  where positions.load_id <= {{ first }}
)

select writes.*
from {{ ref('writes') }} as writes
where {{ in_scope('writes.load_id') if first > 0 else 'false' }}
union all
select writes.*
from {{ ref('writes') }} as writes
inner join earlier on earlier.account = writes.account and earlier.transaction_id = writes.transaction_id
where writes.load_id <= {{ first }}
