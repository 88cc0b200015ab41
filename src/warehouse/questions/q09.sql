-- title: Growth by day, month over month
-- answers: How do a day's transactions and spend grow from a month to the next one?
-- from: marts.kpi_day, marts.customer_month, star.dim_date, star.dim_currency
-- shape: a row for each month and currency with transactions; a month counts the days that lie within the data
-- key month | month | first day of the month, UTC
-- key currency | label | ISO 4217 code; amounts of different currencies are never added
-- value customers | customers | customers of the cell
-- value days | count | days of the month from the first day with transactions to the last day
-- value transactions_a_day | number | transactions, divided by the days
-- value net_a_day | money | purchases less refunds and reversals, divided by the days
-- value transactions_growth | percent | transactions_a_day against the month before; empty where that has none
-- value net_growth | percent | net_a_day against the month before; empty where that has none, or no positive net
with span as (
    select min(k.date_key) as first_key, max(k.date_key) as last_key from marts.kpi_day as k
),
months as (
    select d.month, count(*) as days,
        cast(12 * extract(year from d.month) + extract(month from d.month) as integer) as month_number
    from star.dim_date as d
    inner join span as s on d.date_key between s.first_key and s.last_key
    group by d.month
),
sums as (
    select d.month, k.currency,
        cast(sum(k.transactions) as bigint) as transactions,
        cast(sum(k.net_minor) as bigint) as net_minor
    from marts.kpi_day as k
    inner join star.dim_date as d on d.date_key = k.date_key
    group by d.month, k.currency
),
customers as (
    select c.month, c.currency, count(*) as customers
    from marts.customer_month as c
    where c.transactions > 0
    group by c.month, c.currency
),
daily as (
    select s.month, s.currency, m.month_number, m.days,
        cast(1.0 * s.transactions / nullif(m.days, 0) as decimal(28, 8)) as transactions_a_day,
        cast(1.0 * s.net_minor / nullif(m.days, 0) as decimal(28, 8)) as minor_a_day
    from sums as s
    inner join months as m on m.month = s.month
),
lagged as (
    select x.month, x.currency, x.days, x.transactions_a_day, x.minor_a_day, x.month_number,
        lag(x.month_number) over (partition by x.currency order by x.month) as before_number,
        lag(x.transactions_a_day) over (partition by x.currency order by x.month) as transactions_before,
        lag(x.minor_a_day) over (partition by x.currency order by x.month) as minor_before
    from daily as x
)
select
    y.month,
    y.currency,
    coalesce(c.customers, 0) as customers,
    y.days,
    cast(y.transactions_a_day as decimal(20, 1)) as transactions_a_day,
    cast(cast(1.0 * y.minor_a_day / power(10.0, coalesce(u.exponent, 2)) as decimal(28, 8)) as decimal(20, 3))
        as net_a_day,
    cast(cast(case when y.before_number = y.month_number - 1
        then 100.0 * (y.transactions_a_day - y.transactions_before) / nullif(y.transactions_before, 0.0)
    end as decimal(28, 8)) as decimal(20, 1)) as transactions_growth,
    cast(cast(case when y.before_number = y.month_number - 1 and y.minor_before > 0
        then 100.0 * (y.minor_a_day - y.minor_before) / nullif(y.minor_before, 0.0)
    end as decimal(28, 8)) as decimal(20, 1)) as net_growth
from lagged as y
left join customers as c on c.month = y.month and c.currency = y.currency
left join star.dim_currency as u on u.currency = y.currency
order by y.month, y.currency
