-- As many days as lie between the first and the last one.
select count(*) as days
from {{ ref('dim_date') }}
having count(*) <> coalesce(max({{ days_between("cast('1970-01-01' as date)", 'date') }}) - min({{ days_between("cast('1970-01-01' as date)", 'date') }}) + 1, 0)
