{{ config(materialized='table') }}

-- The currencies of ISO 4217, and every other one that a transaction has: its amounts are left in minor units.
select currency, exponent, name from {{ ref('currencies') }}
union all
select distinct cube.currency, 0, 'not in ISO 4217'
from {{ ref('cube_month') }} as cube
left join {{ ref('currencies') }} as known on known.currency = cube.currency
where known.currency is null
