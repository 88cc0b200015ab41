{# The incremental strategy of all models: in one transaction, rows of affected keys go, and the query's rows come.
   The keys are config `affected_keys`, columns of the model. Affected are those that the model of config `affected` names: a
   key that has no row any more is gone afterwards. Without `affected` they are those of the query's rows, and without
   `affected_keys` rows are only added. #}
{% macro get_incremental_replace_affected_sql(arg_dict) -%}
  {%- set target_relation = arg_dict['target_relation'] -%}
  {%- set columns = arg_dict['dest_columns'] | map(attribute='quoted') | join(', ') -%}
  {%- set keys = config.get('affected_keys', []) -%}
  {%- if keys -%}
    {%- set affected = ref(config.get('affected')) if config.get('affected') else arg_dict['temp_relation'] -%}
    delete from {{ target_relation }} where
    {% if keys | length == 1 -%}
      {{ keys[0] }} in (select {{ keys[0] }} from {{ affected }})
    {%- else -%}
      exists (
        select 1 from {{ affected }} as affected
        where {% for key in keys %}affected.{{ key }} = {{ target_relation.identifier }}.{{ key }}{{ ' and ' if not loop.last }}{% endfor %}
      )
    {%- endif %};
  {%- endif %}
    insert into {{ target_relation }} ({{ columns }}) select {{ columns }} from {{ arg_dict['temp_relation'] }}
{%- endmacro %}
