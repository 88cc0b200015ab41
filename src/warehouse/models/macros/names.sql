{# A model's schema is the folder that it lies in; seeds belong to staging. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
  {%- set folder = node.original_file_path.replace('\\', '/').split('/')[0] -%}
  {{ 'staging' if folder in ('seeds', 'tests') else folder }}
{%- endmacro %}

{# DuckDB: three files. `landing` has what only the loader reads, `steward` whole customers, `warehouse` the rest.
   All other engines have one database, and Spark has none above its schemas. #}
{% macro generate_database_name(custom_database_name, node) -%}
  {%- if target.type == 'spark' -%}
    {{ return(none) }}
  {%- elif target.type != 'duckdb' -%}
    {{ target.database }}
  {%- elif custom_database_name -%}
    {{ custom_database_name }}
  {%- elif node.original_file_path.replace('\\', '/').split('/')[0] in ('star', 'marts', 'meta') -%}
    warehouse
  {%- else -%}
    landing
  {%- endif -%}
{%- endmacro %}
