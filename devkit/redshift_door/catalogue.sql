-- What Redshift's catalogue has and PostgreSQL's does not, as far as drivers, dbt and our statements ask for it.
create schema if not exists redshift_catalog;
grant usage on schema redshift_catalog to public;

create or replace function redshift_catalog.pg_get_late_binding_view_cols() returns setof record language sql as
$$ select null::name, null::name, null::name, null::varchar, null::int where false $$;

create or replace view redshift_catalog.svv_external_columns as
select null::varchar as schemaname, null::varchar as tablename, null::varchar as columnname, null::varchar as external_type,
       null::int as columnnum
where false;

create or replace view redshift_catalog.svv_table_info as
select current_database()::varchar as database, schemaname::varchar as schema, tablename::varchar as "table"
from pg_tables;

create or replace view redshift_catalog.svv_roles as
select oid::int as role_id, rolname::varchar as role_name from pg_roles where not rolcanlogin and rolname not like 'pg\_%';

create table if not exists redshift_catalog.svv_masking_policy (
    policy_name varchar primary key, input_columns varchar not null, policy_expression varchar not null
);
create table if not exists redshift_catalog.svv_attached_masking_policy (
    policy_name varchar not null references redshift_catalog.svv_masking_policy, schema_name varchar not null,
    table_name varchar not null, output_columns varchar not null, grantee varchar not null, priority int not null,
    unique (schema_name, table_name, output_columns, grantee), unique (schema_name, table_name, output_columns, priority)
);

create or replace function redshift_catalog.create_masking(policy text, inputs text, expression text, unless boolean)
returns void language plpgsql as $$
begin
    if unless and exists (select from redshift_catalog.svv_masking_policy where policy_name = policy) then
        return;
    end if;
    -- the expression has to be one over the input columns, of the first one's type
    execute format('create temp table masking_check (%s)', inputs);
    execute format('select %s from masking_check', expression);
    drop table masking_check;
    insert into redshift_catalog.svv_masking_policy values (policy, inputs, expression);
end $$;

create or replace function redshift_catalog.attach_masking(
    policy text, relation regclass, output name, grantee text, priority int
) returns void language plpgsql as $$
begin
    if grantee <> 'public' then
        perform grantee::regrole;
    end if;
    if not exists (select from pg_attribute where attrelid = relation and attname = output and attnum > 0) then
        raise exception 'column % does not exist in %', output, relation;
    end if;
    insert into redshift_catalog.svv_attached_masking_policy
    select policy, nspname, relname, output, grantee, priority
    from pg_class join pg_namespace on pg_namespace.oid = relnamespace where pg_class.oid = relation;
end $$;

create or replace function redshift_catalog.detach_masking(policy text, relation regclass, output name, from_grantee text)
returns void language plpgsql as $$
begin
    delete from redshift_catalog.svv_attached_masking_policy
    where policy_name = policy and (schema_name || '.' || table_name)::regclass = relation and output_columns = output
        and grantee = from_grantee;
    if not found then
        raise exception 'masking policy % is not attached', policy;
    end if;
end $$;

-- a relation that is dropped takes its attachments along
create or replace function redshift_catalog.forget_masking() returns event_trigger language plpgsql as $$
begin
    delete from redshift_catalog.svv_attached_masking_policy as attached
    using pg_event_trigger_dropped_objects() as dropped
    where dropped.object_type = 'table' and attached.schema_name = dropped.schema_name
        and attached.table_name = dropped.object_name;
end $$;
drop event trigger if exists redshift_forget_masking;
create event trigger redshift_forget_masking on sql_drop execute function redshift_catalog.forget_masking();
grant select on all tables in schema redshift_catalog to public;
