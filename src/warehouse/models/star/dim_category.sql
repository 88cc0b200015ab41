{{ config(materialized='table') }}

-- The categories that we know, and every other one that a transaction has.
select category, label, category_group as {{ adapter.quote("group") }} from {{ ref('categories') }}
union all
select distinct cube.category, cube.category, 'other'
from {{ ref('cube_month') }} as cube
left join {{ ref('categories') }} as known on known.category = cube.category
where known.category is null
