-- title: Fraud by gender, age and category
-- answers: In which segments of customers and in which categories is fraud frequent?
-- from: star.fact_transactions
-- shape: a row for each gender, age band and category of labelled transactions, also where they do not occur together: zeros
-- key gender | label | F, M, or unknown
-- key age_band | label | whole years at the transaction, in bands; unknown where no birth date is known
-- key category | label | category of the transaction
-- value customers | customers | customers with labelled transactions
-- value labelled | count | transactions that are labelled as fraud or as no fraud
-- value frauds | count | labelled as fraud
-- value frauds_in_10000 | per 10,000 | frauds among 10,000 labelled ones; empty where none is labelled
with customers as (
    select f.gender, f.age_band, f.category, f.customer_id,
        count(*) as labelled,
        sum(case when f.is_fraud then 1 else 0 end) as frauds
    from star.fact_transactions as f
    where f.is_fraud is not null
    group by f.gender, f.age_band, f.category, f.customer_id
),
cells as (
    select c.gender, c.age_band, c.category,
        count(*) as customers,
        sum(c.labelled) as labelled,
        sum(c.frauds) as frauds
    from customers as c
    group by c.gender, c.age_band, c.category
),
filled as (
    select g.gender, a.age_band, k.category,
        coalesce(x.customers, 0) as customers,
        cast(coalesce(x.labelled, 0) as bigint) as labelled,
        cast(coalesce(x.frauds, 0) as bigint) as frauds
    from (select distinct c.gender from cells as c) as g
    cross join (select distinct c.age_band from cells as c) as a
    cross join (select distinct c.category from cells as c) as k
    left join cells as x on x.gender = g.gender and x.age_band = a.age_band and x.category = k.category
)
select
    z.gender,
    z.age_band,
    z.category,
    z.customers,
    z.labelled,
    z.frauds,
    cast(cast(10000.0 * z.frauds / nullif(z.labelled, 0) as decimal(28, 8)) as decimal(20, 1)) as frauds_in_10000
from filled as z
order by z.gender, case when z.age_band = 'under 18' then 0 when z.age_band = 'unknown' then 2 else 1 end,
    z.age_band, z.category
