-- title: Fraud by state
-- answers: How many of 10,000 labelled transactions are fraud in a state, and how sure is that?
-- from: star.fact_transactions, star.dim_region
-- shape: a row for each state with labelled transactions; ?? where no state is known
-- key state | label | two letters of the customer's state at that time
-- key state_name | label | the state's name
-- value customers | customers | customers with labelled transactions
-- value labelled | count | transactions that are labelled as fraud or as no fraud
-- value frauds | count | labelled as fraud
-- value frauds_in_10000 | per 10,000 | frauds among 10,000 labelled ones
-- value from_at_least | per 10,000 | lower end of the 95 % interval by Wilson (1927)
-- value to_at_most | per 10,000 | upper end of the interval; few transactions make it wide
with customers as (
    select f.state, f.customer_id, count(*) as labelled, sum(case when f.is_fraud then 1 else 0 end) as frauds
    from star.fact_transactions as f
    where f.is_fraud is not null
    group by f.state, f.customer_id
),
cells as (
    select c.state, count(*) as customers,
        cast(sum(c.labelled) as bigint) as labelled,
        cast(sum(c.frauds) as bigint) as frauds
    from customers as c
    group by c.state
),
intervals as (
    select x.state, x.customers, x.labelled, x.frauds,
        cast(10000.0 * x.frauds / nullif(x.labelled, 0) as decimal(28, 8)) as rate,
        cast(10000.0 * (x.frauds + 1.920729) / nullif(x.labelled + 3.841459, 0.0) as decimal(28, 8)) as middle,
        cast(
            19599.64
            * sqrt(1.0 * x.frauds * (x.labelled - x.frauds) / nullif(x.labelled, 0) + 0.960365)
            / nullif(x.labelled + 3.841459, 0.0)
        as decimal(28, 8)) as half
    from cells as x
)
select
    i.state,
    coalesce(r.state_name, i.state) as state_name,
    i.customers,
    i.labelled,
    i.frauds,
    cast(i.rate as decimal(20, 1)) as frauds_in_10000,
    cast(case when i.frauds = 0 then 0 * i.rate else i.middle - i.half end as decimal(20, 1)) as from_at_least,
    cast(case when i.frauds = i.labelled then i.rate else i.middle + i.half end as decimal(20, 1)) as to_at_most
from intervals as i
left join star.dim_region as r on r.state = i.state
order by i.state
