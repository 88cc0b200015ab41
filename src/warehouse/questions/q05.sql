-- title: Weekday by hour
-- answers: At which hours of which days do customers pay?
-- from: star.fact_transactions, star.dim_date
-- shape: 24 rows for each weekday of the calendar, from Monday on; hours without transactions are zeros
-- key weekday | number | 1 is Monday, 7 Sunday
-- key weekday_name | label | the weekday in English
-- key hour_utc | number | hour of the transaction, UTC, 0 to 23
-- value customers | customers | customers of the cell
-- value transactions | count | transactions, refunds and reversals included
-- value share | percent | the cell's part of all transactions
with quarters as (
    select 0 as first_hour union all select 6 union all select 12 union all select 18
),
hours_of_quarter as (
    select 0 as hour_more
    union all select 1 union all select 2 union all select 3 union all select 4 union all select 5
),
grid as (
    select w.weekday, w.weekday_name, q.first_hour + h.hour_more as hour_utc
    from (select distinct d.weekday, d.weekday_name from star.dim_date as d) as w
    cross join quarters as q
    cross join hours_of_quarter as h
),
customers as (
    select d.weekday, f.hour_utc, f.customer_id, count(*) as transactions
    from star.fact_transactions as f
    inner join star.dim_date as d on d.date_key = f.date_key
    group by d.weekday, f.hour_utc, f.customer_id
),
cells as (
    select c.weekday, c.hour_utc, count(*) as customers, sum(c.transactions) as transactions
    from customers as c
    group by c.weekday, c.hour_utc
),
sums as (
    select g.weekday, g.weekday_name, g.hour_utc,
        coalesce(x.customers, 0) as customers,
        cast(coalesce(x.transactions, 0) as bigint) as transactions,
        sum(x.transactions) over () as of_all
    from grid as g
    left join cells as x on x.weekday = g.weekday and x.hour_utc = g.hour_utc
)
select
    s.weekday,
    s.weekday_name,
    s.hour_utc,
    s.customers,
    s.transactions,
    cast(cast(100.0 * s.transactions / nullif(s.of_all, 0) as decimal(28, 8)) as decimal(20, 2)) as share
from sums as s
order by s.weekday, s.hour_utc
