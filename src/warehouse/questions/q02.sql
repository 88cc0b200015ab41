-- title: What a region prefers
-- answers: On which categories do the customers of a region spend a larger part of their money than customers everywhere?
-- from: star.fact_transactions, star.dim_region
-- shape: a row for each region, category and currency with transactions
-- key region | label | region of the customer's state at that time; unknown where no state is known
-- key category | label | category of the transaction
-- key currency | label | ISO 4217 code; shares are taken within a currency
-- value customers | customers | customers of the cell
-- value share | percent | the category's part of what the region spends, net
-- value share_everywhere | percent | the category's part of what all regions spend, net
-- value preference | index | share, divided by share_everywhere; 100 is the same as everywhere
with customers as (
    select f.state, f.category, f.currency, f.customer_id, sum(f.net_minor) as net_minor
    from star.fact_transactions as f
    group by f.state, f.category, f.currency, f.customer_id
),
cells as (
    select
        coalesce(r.region, 'unknown') as region,
        c.category,
        c.currency,
        count(distinct c.customer_id) as customers,
        cast(sum(c.net_minor) as bigint) as net_minor
    from customers as c
    left join star.dim_region as r on r.state = c.state
    group by coalesce(r.region, 'unknown'), c.category, c.currency
),
sums as (
    select
        x.region,
        x.category,
        x.currency,
        x.customers,
        x.net_minor,
        cast(sum(x.net_minor) over (partition by x.region, x.currency) as bigint) as of_region,
        cast(sum(x.net_minor) over (partition by x.category, x.currency) as bigint) as of_category,
        cast(sum(x.net_minor) over (partition by x.currency) as bigint) as of_all
    from cells as x
),
shares as (
    select
        s.region,
        s.category,
        s.currency,
        s.customers,
        cast(100.0 * s.net_minor / nullif(s.of_region, 0) as decimal(28, 8)) as share,
        cast(100.0 * s.of_category / nullif(s.of_all, 0) as decimal(28, 8)) as share_everywhere
    from sums as s
)
select
    t.region,
    t.category,
    t.currency,
    t.customers,
    cast(t.share as decimal(20, 2)) as share,
    cast(t.share_everywhere as decimal(20, 2)) as share_everywhere,
    cast(cast(100.0 * t.share / nullif(t.share_everywhere, 0.0) as decimal(28, 8)) as decimal(20, 0)) as preference
from shares as t
order by t.region, t.currency, t.category
