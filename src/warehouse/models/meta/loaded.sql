{{ config(affected_keys=['object_name']) }}

-- The objects of the curated lake whose rows are in the tables.
select object_name, load_id, rows, loaded_at
from {{ source('landing', 'objects') }}
where {% if is_partial() %}{{ in_scope() }}{% else %}load_id <= {{ build_scope().last }}{% endif %}
