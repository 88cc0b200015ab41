{{ config(materialized='table') }}

-- Days whose transactions may have changed.
select distinct {{ date_key_of('occurred_at') }} as date_key, {{ month_of('occurred_at') }} as month
from {{ ref('affected_writes') }}
