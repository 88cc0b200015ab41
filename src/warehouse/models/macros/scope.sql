{# What a build covers: the loads behind `from_load_id`, up to `to_load_id`. Everything that a partial build touches
   follows from the landing and these two numbers. So a build that was killed is repeated without harm: the next one has
   the same `from_load_id`, because only the last model, meta.run, notes that a build is done. #}
{% macro build_scope() -%}
  {%- set scope = ref('build_scope') -%}
  {%- if execute -%}
    {%- set row = run_query('select from_load_id, to_load_id from ' ~ scope).rows[0] -%}
    {{ return({'first': row[0] | int, 'last': row[1] | int}) }}
  {%- endif -%}
  {{ return({'first': 0, 'last': 0}) }}
{%- endmacro %}

{# Whether a model replaces what new loads affect, or is built whole. #}
{% macro is_partial() -%}
  {%- set scope = build_scope() -%}
  {{ return(is_incremental() and scope.first > 0) }}
{%- endmacro %}

{# The loads of this build, as a condition. With numbers instead of a subquery, so that engines skip blocks by them. #}
{% macro in_scope(column='load_id') -%}
  {%- set scope = build_scope() -%}
  {{ column }} > {{ scope.first }} and {{ column }} <= {{ scope.last }}
{%- endmacro %}

{# Before a full build: what was noted as built counts no more. #}
{% macro forget_builds() -%}
  {%- set run = load_relation(api.Relation.create(database=generate_database_name(none, {'original_file_path': 'meta/run.sql'}), schema='meta', identifier='run')) -%}
  {%- if flags.FULL_REFRESH and run -%}
    delete from {{ run }}
  {%- else -%}
    select 1
  {%- endif -%}
{%- endmacro %}
