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
with sums as (
    select f.category, f.currency, f.merchant_id, count(*) as transactions, sum(f.net_minor) as net_minor
    from star.fact_transactions as f
    group by f.category, f.currency, f.merchant_id
),
ranked as (
    select s.category, s.currency, s.merchant_id, s.transactions, s.net_minor,
        row_number() over (partition by s.category, s.currency order by s.net_minor desc, s.merchant_id) as standing
    from sums as s
),
leading_merchants as (
    select r.category, r.currency, r.merchant_id, r.transactions, r.net_minor, r.standing
    from ranked as r
    where r.standing <= 5
),
customers as (
    select f.category, f.currency, f.merchant_id, count(distinct f.customer_id) as customers
    from star.fact_transactions as f
    inner join leading_merchants as l
        on l.category = f.category and l.currency = f.currency and l.merchant_id = f.merchant_id
    group by f.category, f.currency, f.merchant_id
)
select
    l.category,
    l.currency,
    l.standing,
    coalesce(m.name, l.merchant_id) as merchant,
    c.customers,
    l.transactions,
    cast(cast(1.0 * l.net_minor / power(10.0, coalesce(u.exponent, 2)) as decimal(28, 8)) as decimal(20, 3)) as net
from leading_merchants as l
inner join customers as c
    on c.category = l.category and c.currency = l.currency and c.merchant_id = l.merchant_id
left join star.dim_merchant as m on m.merchant_id = l.merchant_id
left join star.dim_currency as u on u.currency = l.currency
order by l.category, l.currency, l.standing
