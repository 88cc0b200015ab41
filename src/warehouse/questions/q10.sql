-- title: Recency, frequency, money
-- answers: Which customers came lately, come often and spend much, and what part of the money do they bring?
-- from: marts.customer_month, star.dim_currency
-- shape: a row for each currency and each combination of thirds that occurs; customers who are equal share a third
-- key currency | label | ISO 4217 code; customers are compared within a currency
-- key recency | number | 1 is the third of the customers whose last transaction is the latest
-- key frequency | number | 1 is the third with most transactions
-- key money | number | 1 is the third with the highest net
-- value customers | customers | customers of the segment
-- value transactions | count | their transactions, refunds and reversals included
-- value net | money | their purchases less refunds and reversals
-- value share_of_net | percent | the segment's part of the currency's net
with customers as (
    select c.currency, c.customer_id,
        max(c.last_at) as last_at,
        cast(sum(c.transactions) as bigint) as transactions,
        cast(sum(c.net_minor) as bigint) as net_minor
    from marts.customer_month as c
    group by c.currency, c.customer_id
    having sum(c.transactions) > 0
),
ranked as (
    select c.currency, c.transactions, c.net_minor,
        count(*) over (partition by c.currency) as customers,
        3 * (rank() over (partition by c.currency order by c.last_at desc) - 1) as later,
        3 * (rank() over (partition by c.currency order by c.transactions desc) - 1) as oftener,
        3 * (rank() over (partition by c.currency order by c.net_minor desc) - 1) as richer
    from customers as c
),
grouped as (
    select r.currency, r.transactions, r.net_minor,
        case when r.later < r.customers then 1 when r.later < 2 * r.customers then 2 else 3 end as recency,
        case when r.oftener < r.customers then 1 when r.oftener < 2 * r.customers then 2 else 3 end as frequency,
        case when r.richer < r.customers then 1 when r.richer < 2 * r.customers then 2 else 3 end as money
    from ranked as r
),
segments as (
    select g.currency, g.recency, g.frequency, g.money,
        count(*) as customers,
        cast(sum(g.transactions) as bigint) as transactions,
        cast(sum(g.net_minor) as bigint) as net_minor
    from grouped as g
    group by g.currency, g.recency, g.frequency, g.money
),
sums as (
    select s.currency, s.recency, s.frequency, s.money, s.customers, s.transactions, s.net_minor,
        sum(s.net_minor) over (partition by s.currency) as of_currency
    from segments as s
)
select
    t.currency,
    t.recency,
    t.frequency,
    t.money,
    t.customers,
    t.transactions,
    cast(cast(1.0 * t.net_minor / power(10.0, coalesce(u.exponent, 2)) as decimal(28, 8)) as decimal(20, 3)) as net,
    cast(cast(100.0 * t.net_minor / nullif(t.of_currency, 0) as decimal(28, 8)) as decimal(20, 2)) as share_of_net
from sums as t
left join star.dim_currency as u on u.currency = t.currency
order by t.currency, t.recency, t.frequency, t.money
