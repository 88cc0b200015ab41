-- title: Women and men by category, a customer
-- answers: What does a woman spend on a category, and what a man?
-- from: star.fact_transactions, star.dim_currency
-- shape: a row for each category, gender and currency with transactions
-- key category | label | category of the transaction
-- key gender | label | F, M, or unknown
-- key currency | label | ISO 4217 code; amounts of different currencies are never added
-- value customers | customers | customers of that gender with transactions in the category
-- value transactions_a_customer | number | transactions, divided by the customers
-- value net_a_customer | money | purchases less refunds and reversals, divided by the customers
with customers as (
    select f.category, f.gender, f.currency, f.customer_id, count(*) as transactions, sum(f.net_minor) as net_minor
    from star.fact_transactions as f
    group by f.category, f.gender, f.currency, f.customer_id
),
cells as (
    select
        c.category,
        c.gender,
        c.currency,
        count(*) as customers,
        cast(sum(c.transactions) as bigint) as transactions,
        cast(sum(c.net_minor) as bigint) as net_minor
    from customers as c
    group by c.category, c.gender, c.currency
)
select
    x.category,
    x.gender,
    x.currency,
    x.customers,
    cast(cast(1.0 * x.transactions / nullif(x.customers, 0) as decimal(28, 8)) as decimal(20, 1))
        as transactions_a_customer,
    cast(cast(
        1.0 * x.net_minor / nullif(x.customers, 0) / power(10.0, coalesce(u.exponent, 2))
    as decimal(28, 8)) as decimal(20, 3)) as net_a_customer
from cells as x
left join star.dim_currency as u on u.currency = x.currency
order by x.category, x.gender, x.currency
