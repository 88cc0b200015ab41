-- No transaction has as many conflicts as it has writes: its first write is none.
select conflicts.transaction_key
from (select transaction_key, count(*) as conflicts from {{ ref('fact_conflicts') }} group by transaction_key) as conflicts
inner join {{ ref('fact_transactions') }} as facts on facts.transaction_key = conflicts.transaction_key
where conflicts.conflicts >= facts.writes
