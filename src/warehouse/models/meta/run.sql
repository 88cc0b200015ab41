{# The last model of all: its row says that everything before it is built. #}
-- {{ ref('fact_conflicts') }} {{ ref('dim_customer_history') }} {{ ref('dim_customer') }} {{ ref('customer_segments') }}
-- {{ ref('dim_merchant') }} {{ ref('dim_card') }} {{ ref('dim_date') }} {{ ref('dim_region') }} {{ ref('dim_category') }}
-- {{ ref('dim_currency') }} {{ ref('customer_month') }} {{ ref('kpi_day') }} {{ ref('loaded') }}
select
  cast('{{ invocation_id }}' as {{ dbt.type_string() }}) as run_id,
  cast('{{ run_started_at.strftime("%Y-%m-%d %H:%M:%S") }}' as timestamp) as at,
  scope.from_load_id,
  scope.to_load_id,
  cast('{{ env_var("TXN_WAREHOUSE_MODELS", "") }}' as {{ dbt.type_string() }}) as models,
  cast((select coalesce(sum(writes), 0) from {{ ref('fact_transactions') }}) as bigint) as positions,
  cast((select coalesce(sum(transactions), 0) from {{ ref('cube_month') }}) as bigint) as transactions
from {{ ref('build_scope') }} as scope
