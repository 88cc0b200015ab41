-- title: Leading merchants in a category
-- answers: Which merchants take most money in a category?
-- from: star.fact_transactions, star.dim_merchant, star.dim_currency
-- shape: at most five rows for each category and currency, by net; equal ones by the merchant's id
-- key category | label | category of the transaction; a merchant may have transactions in several
-- key currency | label | ISO 4217 code; amounts of different currencies are never compared
-- key standing | number | 1 is the merchant with the highest net
-- key merchant | label | the merchant's name in one spelling
-- value customers | customers | customers of the cell
-- value transactions | count | transactions, refunds and reversals included
-- value net | money | purchases less refunds and reversals
with customers as (
    select f.category, f.currency, f.merchant_id, f.customer_id,
        count(*) as transactions,
        sum(f.net_minor) as net_minor
    from star.fact_transactions as f
    group by f.category, f.currency, f.merchant_id, f.customer_id
),
cells as (
    select c.category, c.currency, c.merchant_id,
        count(*) as customers,
        cast(sum(c.transactions) as bigint) as transactions,
        cast(sum(c.net_minor) as bigint) as net_minor
    from customers as c
    group by c.category, c.currency, c.merchant_id
),
ranked as (
    select x.category, x.currency, x.merchant_id, x.customers, x.transactions, x.net_minor,
        row_number() over (partition by x.category, x.currency order by x.net_minor desc, x.merchant_id) as standing
    from cells as x
)
select
    k.category,
    k.currency,
    k.standing,
    coalesce(m.name, k.merchant_id) as merchant,
    k.customers,
    k.transactions,
    cast(cast(1.0 * k.net_minor / power(10.0, coalesce(u.exponent, 2)) as decimal(28, 8)) as decimal(20, 3)) as net
from ranked as k
left join star.dim_merchant as m on m.merchant_id = k.merchant_id
left join star.dim_currency as u on u.currency = k.currency
where k.standing <= 5
order by k.category, k.currency, k.standing
