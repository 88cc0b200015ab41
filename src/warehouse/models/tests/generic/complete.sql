{# Rows in which one of the columns is null. One test for all of them: each reads the table once. #}
{% test complete(model, columns) %}
select *
from {{ model }}
where {% for column in columns %}{{ adapter.quote(column) }} is null{{ ' or ' if not loop.last }}{% endfor %}
{% endtest %}
