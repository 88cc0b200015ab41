{# What engines write differently, and dbt has no macro for. #}

{# Text in the order of its bytes: PostgreSQL otherwise compares by the rules of a language. #}
{% macro bytewise(text) -%}{{ adapter.dispatch('bytewise')(text) }}{%- endmacro %}
{% macro default__bytewise(text) -%}{{ text }}{%- endmacro %}
{% macro postgres__bytewise(text) -%}({{ text }}) collate "C"{%- endmacro %}
{% macro redshift__bytewise(text) -%}{{ text }}{%- endmacro %}

{# The smallest text of a group by its bytes. #}
{% macro bytewise_min(text) -%}{{ adapter.dispatch('bytewise_min')(text) }}{%- endmacro %}
{% macro default__bytewise_min(text) -%}min({{ text }}){%- endmacro %}
{% macro postgres__bytewise_min(text) -%}(min(({{ text }}) collate "C") collate "default"){%- endmacro %}
{% macro redshift__bytewise_min(text) -%}min({{ text }}){%- endmacro %}

{% macro without_leading_zeros(text) -%}{{ adapter.dispatch('without_leading_zeros')(text) }}{%- endmacro %}
{% macro default__without_leading_zeros(text) -%}ltrim({{ text }}, '0'){%- endmacro %}
{% macro spark__without_leading_zeros(text) -%}trim(leading '0' from {{ text }}){%- endmacro %}
{% macro athena__without_leading_zeros(text) -%}trim(leading '0' from {{ text }}){%- endmacro %}

{# The nth part of a text, from 1. Every engine has the function; dbt's macro takes an array for it on DuckDB. #}
{% macro split_part(text, separator, place) -%}split_part({{ text }}, {{ separator }}, {{ place }}){%- endmacro %}

{# 32 hex digits. #}
{% macro md5_hex(text) -%}{{ adapter.dispatch('md5_hex')(text) }}{%- endmacro %}
{% macro default__md5_hex(text) -%}md5({{ text }}){%- endmacro %}
{% macro athena__md5_hex(text) -%}lower(to_hex(md5(to_utf8({{ text }})))){%- endmacro %}

{# Whole days from one date to another. #}
{% macro days_between(first, last) -%}{{ adapter.dispatch('days_between')(first, last) }}{%- endmacro %}
{% macro default__days_between(first, last) -%}{{ dbt.datediff(first, last, 'day') }}{%- endmacro %}
{% macro spark__days_between(first, last) -%}datediff({{ last }}, {{ first }}){%- endmacro %}

{# Not dbt's own macro on Spark: it goes by Unix time, of which a timestamp without a zone has none there. #}
{% macro plus_days(date, days) -%}{{ adapter.dispatch('plus_days')(date, days) }}{%- endmacro %}
{% macro default__plus_days(date, days) -%}cast({{ dbt.dateadd('day', days, date) }} as date){%- endmacro %}
{% macro spark__plus_days(date, days) -%}date_add({{ date }}, cast({{ days }} as int)){%- endmacro %}

{# A set of rows 0, 1, 2, ... below a power of ten; no engine's own generator. #}
{% macro numbers(digits) -%}
  select
    {% for digit in range(digits) %}{{ 10 ** digit }} * d{{ digit }}.n{{ ' + ' if not loop.last }}{% endfor %} as n
  from
    {% for digit in range(digits) -%}
      (select 0 as n union all select 1 union all select 2 union all select 3 union all select 4 union all select 5
       union all select 6 union all select 7 union all select 8 union all select 9) as d{{ digit }}{{ ' cross join ' if not loop.last }}
    {% endfor %}
{%- endmacro %}

{# Indexes are PostgreSQL's alone: DuckDB has statistics by block instead, and keeps indexes in memory. #}
{% macro postgres_indexes(indexes) -%}
  {{ return(indexes if target.type == 'postgres' else []) }}
{%- endmacro %}
