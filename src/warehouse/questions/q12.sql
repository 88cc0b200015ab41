-- title: Distance from home by urbanicity
-- answers: How far from home do customers of villages, towns and cities pay?
-- from: star.fact_transactions, star.customer_segments
-- shape: a row for each urbanicity with transactions whose distance is known, from rural to unknown
-- key urbanicity | label | rural under 2,500 inhabitants, town under 50,000, city under 500,000, metropolis, unknown
-- value customers | customers | customers with such transactions
-- value transactions | count | transactions whose distance is known, refunds and reversals included
-- value kilometers | km | mean distance between the customer's home and the merchant
-- value beyond_100_km | percent | part of the transactions that lie more than 100 km from home
with customers as (
    select f.customer_id, f.customer_key,
        count(*) as transactions,
        sum(f.meters_from_home) as meters,
        sum(case when f.meters_from_home > 100000 then 1 else 0 end) as beyond
    from star.fact_transactions as f
    where f.meters_from_home is not null
    group by f.customer_id, f.customer_key
),
cells as (
    select
        coalesce(s.urbanicity, 'unknown') as urbanicity,
        count(distinct c.customer_id) as customers,
        cast(sum(c.transactions) as bigint) as transactions,
        cast(sum(c.meters) as bigint) as meters,
        cast(sum(c.beyond) as bigint) as beyond
    from customers as c
    left join star.customer_segments as s on s.customer_key = c.customer_key
    group by coalesce(s.urbanicity, 'unknown')
)
select
    x.urbanicity,
    x.customers,
    x.transactions,
    cast(cast(0.001 * x.meters / nullif(x.transactions, 0) as decimal(28, 8)) as decimal(20, 1)) as kilometers,
    cast(cast(100.0 * x.beyond / nullif(x.transactions, 0) as decimal(28, 8)) as decimal(20, 1)) as beyond_100_km
from cells as x
order by case x.urbanicity
    when 'rural' then 1 when 'town' then 2 when 'city' then 3 when 'metropolis' then 4 else 5
end, x.urbanicity
