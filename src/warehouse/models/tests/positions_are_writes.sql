{{ config(tags=['every_build']) }}

-- Every position of the landing is one of the writes of some transaction.
select landed.positions, facts.writes
from (select count(*) as positions from {{ ref('stg_positions') }}) as landed
cross join (select coalesce(sum(writes), 0) as writes from {{ ref('fact_transactions') }}) as facts
where landed.positions <> facts.writes
