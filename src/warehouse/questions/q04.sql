-- title: Age bands by category
-- answers: Which part of the transactions of an age band belongs to which category?
-- from: star.fact_transactions
-- shape: a row for each age band and category with transactions; the shares of a band are 100 in sum
-- key age_band | label | whole years at the transaction, in bands; unknown where no birth date is known
-- key category | label | category of the transaction
-- value customers | customers | customers of the cell
-- value transactions | count | transactions, refunds and reversals included
-- value share | percent | the category's part of the band's transactions
with cells as (
    select f.age_band, f.category, count(distinct f.customer_id) as customers, count(*) as transactions
    from star.fact_transactions as f
    group by f.age_band, f.category
),
sums as (
    select x.age_band, x.category, x.customers, x.transactions,
        sum(x.transactions) over (partition by x.age_band) as of_band
    from cells as x
)
select
    s.age_band,
    s.category,
    s.customers,
    s.transactions,
    cast(cast(100.0 * s.transactions / nullif(s.of_band, 0) as decimal(28, 8)) as decimal(20, 2)) as share
from sums as s
order by case when s.age_band = 'under 18' then 0 when s.age_band = 'unknown' then 2 else 1 end, s.age_band, s.category
