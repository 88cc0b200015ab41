{{ config(materialized='table') }}

-- All writes of affected transactions, old ones included.
select writes.*
from {{ ref('writes') }} as writes
inner join {{ ref('affected_transactions') }} as affected
  on affected.account = writes.account and affected.transaction_id = writes.transaction_id
