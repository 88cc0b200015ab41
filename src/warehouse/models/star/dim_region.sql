{{ config(materialized='table') }}

select state, state_name, region, division from {{ ref('regions') }}
