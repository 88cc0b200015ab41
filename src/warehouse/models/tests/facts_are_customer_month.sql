{{ config(tags=['every_build']) }}

-- Sums of the mart are those of the facts, by currency.
{{ same_sums('customer_month') }}
