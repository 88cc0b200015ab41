{# The loads that this build covers. A full build first forgets what was noted: if it is killed, the next build is full. #}
{%- set run = api.Relation.create(database=generate_database_name(none, {'original_file_path': 'meta/run.sql'}), schema='meta', identifier='run') -%}
{%- set noted = load_relation(run) if execute else none -%}
{{ config(
    materialized='table',
    pre_hook=[{'sql': "{{ forget_builds() }}", 'transaction': false}],
) }}

select
  cast({% if noted is none or flags.FULL_REFRESH %}0{% else %}coalesce((select max(to_load_id) from {{ run }}), 0){% endif %} as bigint) as from_load_id,
  cast(coalesce(max(load_id), 0) as bigint) as to_load_id
from {{ source('landing', 'objects') }}
