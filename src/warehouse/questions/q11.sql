-- title: Cohort retention
-- answers: Of the customers who began in a month, how many come back in each later month?
-- from: marts.customer_month
-- shape: a row for each first month and each month from then to the last one with transactions; nobody is a zero
-- key cohort | month | month of the customers' first transaction
-- key months_after | number | 0 is the cohort's own month
-- value cohort_customers | customers | customers who began in that month
-- value customers | customers | those of them with transactions in the later month
-- value retained | percent | customers, divided by cohort_customers
with active as (
    select distinct c.customer_id, c.month,
        cast(12 * extract(year from c.month) + extract(month from c.month) as integer) as month_number
    from marts.customer_month as c
    where c.transactions > 0
),
firsts as (
    select a.customer_id, min(a.month) as cohort, min(a.month_number) as cohort_number
    from active as a
    group by a.customer_id
),
cohorts as (
    select f.cohort, f.cohort_number, count(*) as cohort_customers
    from firsts as f
    group by f.cohort, f.cohort_number
),
months as (
    select distinct a.month_number from active as a
),
retained as (
    select f.cohort_number, a.month_number, count(*) as customers
    from active as a
    inner join firsts as f on f.customer_id = a.customer_id
    group by f.cohort_number, a.month_number
)
select
    c.cohort,
    m.month_number - c.cohort_number as months_after,
    c.cohort_customers,
    coalesce(r.customers, 0) as customers,
    cast(cast(100.0 * coalesce(r.customers, 0) / nullif(c.cohort_customers, 0) as decimal(28, 8)) as decimal(20, 1))
        as retained
from cohorts as c
inner join months as m on m.month_number >= c.cohort_number
left join retained as r on r.cohort_number = c.cohort_number and r.month_number = m.month_number
order by c.cohort, m.month_number
