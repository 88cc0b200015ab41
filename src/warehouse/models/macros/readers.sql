{# Behind each model of `star` and `marts`, in its transaction: the roles that read it may do so at once. A table that was made
   again has lost its grants, and readers would be refused until the grants behind the whole build
   (src/warehouse/postgres/roles.py). Those make the roles, too: before the first of them there is nobody to refuse. #}
{% macro open_to_readers() -%}
  {%- if target.type == 'postgres' and this.schema in ('star', 'marts') -%}
  do $$ declare reader text;
  begin
    for reader in
      select rolname from pg_roles
      where rolname in ('txn_steward'{{ ", 'txn_analyst'" if not this.identifier.startswith('dim_customer') }})
    loop
      execute format('grant select on {{ this }} to %I', reader);
    end loop;
  end $$
  {%- endif -%}
{%- endmacro %}
