-- A customer's intervals follow each other, and the last one alone is current.
select customer_id, valid_to, next_from
from (
  select
    customer_id, valid_to, is_current,
    lead(valid_from) over (partition by customer_id order by interval_number) as next_from
  from {{ ref('dim_customer_history') }}
) as intervals
where is_current <> (next_from is null) or (next_from is not null and next_from <> valid_to)
