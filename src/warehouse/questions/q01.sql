-- title: Spend by region and month
-- answers: What do the customers of a region spend in a month, and what on a transaction?
-- from: star.fact_transactions, star.dim_region, star.dim_currency
-- shape: a row for each month, region and currency with transactions
-- key month | month | first day of the month, UTC
-- key region | label | region of the customer's state at that time; unknown where no state is known
-- key currency | label | ISO 4217 code; amounts of different currencies are never added
-- value customers | customers | customers of the cell
-- value transactions | count | transactions, refunds and reversals included
-- value net | money | purchases less refunds and reversals
-- value net_a_transaction | money | net, divided by the transactions
with customers as (
    select f.month, f.state, f.currency, f.customer_id, count(*) as transactions, sum(f.net_minor) as net_minor
    from star.fact_transactions as f
    group by f.month, f.state, f.currency, f.customer_id
),
cells as (
    select
        c.month,
        coalesce(r.region, 'unknown') as region,
        c.currency,
        count(distinct c.customer_id) as customers,
        cast(sum(c.transactions) as bigint) as transactions,
        cast(sum(c.net_minor) as bigint) as net_minor
    from customers as c
    left join star.dim_region as r on r.state = c.state
    group by c.month, coalesce(r.region, 'unknown'), c.currency
)
select
    x.month,
    x.region,
    x.currency,
    x.customers,
    x.transactions,
    cast(cast(1.0 * x.net_minor / power(10.0, coalesce(u.exponent, 2)) as decimal(28, 8)) as decimal(20, 3)) as net,
    cast(cast(
        1.0 * x.net_minor / nullif(x.transactions, 0) / power(10.0, coalesce(u.exponent, 2))
    as decimal(28, 8)) as decimal(20, 3)) as net_a_transaction
from cells as x
left join star.dim_currency as u on u.currency = x.currency
order by x.month, x.region, x.currency
