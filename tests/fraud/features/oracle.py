"""The features in SQL, written from their definition and not from the code, by a self-join in DuckDB.

A record's priors are found by comparing it with all records before it, never by keeping something.
"""

from collections.abc import Sequence
from typing import Any, Final

import duckdb
import pyarrow as pa

from fraud.features.transaction_features import ENTRY_MODES
from fraud.observations.category_codes import CATEGORIES
from fraud.observations.observation import Observation
from fraud.observations.reference_amount import RATES_PPM

_SCHEMA: Final = pa.schema(
    [
        *(("position", pa.int64()), ("account", pa.string()), ("card", pa.string()), ("id", pa.string())),
        *(("type", pa.string()), ("minor", pa.int64()), ("currency", pa.string()), ("us", pa.int64())),
        *(("category", pa.string()), ("home_lat", pa.float64()), ("home_long", pa.float64())),
        *(("lat", pa.float64()), ("long", pa.float64()), ("gender", pa.string()), ("born", pa.string())),
        *(("people", pa.int64()), ("mode", pa.string()), ("said", pa.int64())),
    ]
)


_STATEMENTS: Final = """
-- `least` and `greatest` pass over nulls
create macro steps(degrees, bound) as
  case when degrees is not null then floor(least(greatest(degrees, -bound), bound) * 10000)::bigint end;

create table seen as
select position, account, card, id, type, us // 1000000 as t, us // 1000000 // 86400 as day,
  least(greatest(minor, 0)::hugeint * coalesce(ppm, 1000000) // 1000000, 1000000000000)::bigint as amount,
  case when category is null then 0 else coalesce(codes.code, 1) end as category,
  case when home_long is not null then steps(home_lat, 90) end as home_lat,
  case when home_lat is not null then steps(home_long, 180) end as home_long,
  case when long is not null then steps(lat, 90) end as lat,
  case when lat is not null then steps(long, 180) end as long,
  gender, born, people, mode, said,
  row_number() over (partition by account, card, id order by position) = 1 as is_first
from stream left join codes on category = codes.name left join rates using (currency);

create table newest as
select *, max(t) filter (where type = 'purchase' and is_first)
  over (partition by account, card order by position rows between unbounded preceding and 1 preceding) as newest
from seen;

-- A purchase is entered unless it is older than the horizon, or than 2,000 others, when it comes.
create table entered as
select r.position, r.account, r.card, r.t, r.day, r.amount, r.category, r.lat, r.long, r.said
from newest r
where r.is_first and r.type = 'purchase' and (r.newest is null or r.t > r.newest - 37 * 86400)
  and ($dense = 0 or (select count(*) from newest o where o.account = r.account and o.card = r.card
    and o.position < r.position and o.is_first and o.type = 'purchase' and o.t >= r.t) < 2000);

create table asked as select * from newest where position >= $since;

create table prior as
select * from (
  select a.position as of, a.t as now, a.day as today, a.category as own_category, a.amount as own_amount, p.*,
    row_number() over (partition by a.position order by p.t desc, p.position) as newness
  from asked a join entered p
  on p.account = a.account and p.card = a.card and p.position < a.position and p.t > a.newest - 37 * 86400
) where newness <= 2000 and t <= now;

create table windows as
select of,
  count(*) filter (where t > now - 3600) as count_1h,
  count(*) filter (where t > now - 86400) as count_24h,
  count(*) filter (where day = today) as count_date,
  count(*) filter (where t > now - 7 * 86400) as count_7d,
  count(*) filter (where t > now - 30 * 86400) as count_30d,
  sum(amount) filter (where t > now - 3600) as amount_1h,
  sum(amount) filter (where t > now - 86400) as amount_24h,
  sum(amount) filter (where day = today) as amount_date,
  sum(amount) filter (where t > now - 7 * 86400) as amount_7d,
  sum(amount) filter (where t > now - 30 * 86400) as amount_30d,
  max(amount) filter (where t > now - 86400) as max_24h,
  max(amount) filter (where t > now - 7 * 86400) as max_7d,
  max(amount) filter (where t > now - 30 * 86400) as max_30d,
  max(t) as last_t,
  (list(t order by t desc))[3] as third_t,
  count(*) filter (where t > now - 30 * 86400 and amount >= own_amount) as as_large,
  count(*) filter (where t > now - 86400 and category = own_category) as category_count_24h,
  count(*) filter (where t > now - 7 * 86400 and category = own_category) as category_count_7d,
  count(*) filter (where t > now - 30 * 86400 and category = own_category) as category_count_30d,
  sum(amount) filter (where t > now - 30 * 86400 and category = own_category) as category_amount,
  max(amount) filter (where t > now - 30 * 86400 and category = own_category) as category_max,
  max(t) filter (where t > now - 30 * 86400 and category = own_category) as category_t,
  count(distinct category) filter (where t > now - 86400) as categories_24h,
  count(*) filter (where t > now - 86400 and amount >= 25000) as large_24h,
  count(*) filter (where t > now - 86400 and (t % 86400 >= 79200 or t % 86400 < 14400)) as night_24h,
  arg_max(amount, (t, position)) as last_amount,
  arg_max(coalesce(said, -99999), (t, position)) as newest_said,
  max(said) filter (where t > now - 3600) as max_1h,
  max(said) filter (where day = today) as max_date,
  max(said) filter (where t > now - 86400) as said_24h,
  max(said) filter (where t > now - 7 * 86400) as said_7d,
  min(said) filter (where day = today) as min_date,
  sum(said) filter (where day = today) as sum_date,
  count(said) filter (where day = today) as said_date,
  count(*) filter (where day = today and said > -3000) as suspect_date,
  count(*) filter (where day = today and said > 0) as likely_date,
  count(*) filter (where t > now - 86400 and said > -3000) as suspect_24h,
  count(*) filter (where t > now - 86400 and said > 0) as likely_24h,
  count(*) filter (where t > now - 7 * 86400 and said > -3000) as suspect_7d,
  count(*) filter (where t > now - 7 * 86400 and said > 0) as likely_7d
from prior group by of;

create table ever as
select a.position as of, min(p.t) as first_t,
  arg_max(p.t, (p.t, p.position)) filter (where p.lat is not null) as place_t,
  arg_max(p.lat, (p.t, p.position)) filter (where p.lat is not null) as place_lat,
  arg_max(p.long, (p.t, p.position)) filter (where p.lat is not null) as place_long
from asked a join entered p on p.account = a.account and p.card = a.card and p.position < a.position
group by a.position;

create macro cosine(lat, other) as
  1000000 * (32400 - 4 * (abs(lat + other) // 20000) ** 2)::bigint
  // (32400 + (abs(lat + other) // 20000) ** 2)::bigint;
create macro apart(lat, long, lat2, long2) as
  (lat2 - lat) * (lat2 - lat)
  + (least(abs(long2 - long), 3600000 - abs(long2 - long)) * cosine(lat, lat2) // 1000000)
  * (least(abs(long2 - long), 3600000 - abs(long2 - long)) * cosine(lat, lat2) // 1000000);
"""

_QUESTION: Final = """
select
  amount,
  nullif(category, 0) as category,
  case when mode is null then null else coalesce(list_position($modes, mode), 0) end as entry_mode,
  t % 86400 // 3600 as hour,
  t % 86400 as second_of_day,
  isodow(make_timestamp(us_of_t)) - 1 as weekday,
  case when regexp_full_match(born, '[0-9]{4}-[0-9]{2}-[0-9]{2}')
    then floor((day - date_diff('day', date '1970-01-01', try_cast(born as date))) / 365.2425)::bigint
    end as holder_age,
  case when gender is null then null when gender = 'F' then 1 when gender = 'M' then 2 else 0 end as gender,
  case when people is not null then least(greatest(people, 0), 9007199254740992) end as city_population,
  coalesce(count_1h, 0), coalesce(count_24h, 0), coalesce(count_date, 0), coalesce(count_7d, 0),
  coalesce(count_30d, 0),
  coalesce(amount_1h, 0), coalesce(amount_24h, 0), coalesce(amount_date, 0), coalesce(amount_7d, 0),
  coalesce(amount_30d, 0),
  max_24h, max_7d, coalesce(large_24h, 0), coalesce(night_24h, 0),
  (coalesce(amount_24h, 0) + amount)::double / (coalesce(count_24h, 0) + 1)::double, last_amount,
  t - last_t, t - third_t,
  (amount * count_30d)::double / nullif(amount_30d, 0)::double,
  amount::double / nullif(max_30d, 0)::double,
  coalesce(as_large, 0),
  (amount * category_count_30d)::double / nullif(category_amount, 0)::double,
  amount::double / nullif(category_max, 0)::double,
  category_count_30d::double / nullif(count_30d, 0)::double,
  coalesce(category_count_24h, 0), coalesce(category_count_7d, 0), coalesce(category_count_30d, 0),
  t - category_t,
  coalesce(categories_24h, 0),
  apart(home_lat, home_long, lat, long),
  case when place_t <= t then apart(place_lat, place_long, lat, long) end,
  case when place_t < t then apart(place_lat, place_long, lat, long)::double
    / ((t - place_t) * (t - place_t))::double end,
  case when first_t is not null then least(greatest(t - first_t, 0), 604800) end,
  said,
  nullif(newest_said, -99999),
  max_1h, max_date, said_24h, said_7d, min_date,
  sum_date::double / nullif(said_date, 0)::double,
  coalesce(suspect_date, 0), coalesce(likely_date, 0), coalesce(suspect_24h, 0), coalesce(likely_24h, 0),
  coalesce(suspect_7d, 0), coalesce(likely_7d, 0)
from (select *, t * 1000000 as us_of_t from asked)
left join windows on windows.of = position left join ever on ever.of = position
order by position
"""


def answers(
    stream: Sequence[Observation], said: Sequence[int | None], since: int = 0, *, is_dense: bool = False
) -> list[tuple[Any, ...]]:
    """Every feature of both stages for the records from place `since` on, with what the first stage said of each.

    `is_dense` looks for cards of more than 2,000 purchases, which costs a comparison more a pair.
    """
    table = pa.Table.from_pydict(_columns(stream, said), schema=_SCHEMA)
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.register("stream", table)
        connection.register("codes", pa.table({"name": CATEGORIES, "code": range(2, 2 + len(CATEGORIES))}))
        connection.register("rates", pa.table({"currency": list(RATES_PPM), "ppm": list(RATES_PPM.values())}))
        for statement in _STATEMENTS.split(";\n"):
            if statement.strip():
                filled = statement.replace("$since", str(since)).replace("$dense", str(int(is_dense)))
                connection.execute(filled)
        return connection.execute(_QUESTION, {"modes": list(ENTRY_MODES)}).fetchall()


def _columns(stream: Sequence[Observation], said: Sequence[int | None]) -> dict[str, list[Any]]:
    return {
        "position": list(range(len(stream))),
        "account": [each.account for each in stream],
        "card": [each.card_id for each in stream],
        "id": [each.transaction_id for each in stream],
        "type": [each.type for each in stream],
        "minor": [each.amount_minor for each in stream],
        "currency": [each.currency for each in stream],
        "us": [each.occurred_at_us for each in stream],
        "category": [each.category for each in stream],
        "home_lat": [each.customer_latitude for each in stream],
        "home_long": [each.customer_longitude for each in stream],
        "lat": [each.merchant_latitude for each in stream],
        "long": [each.merchant_longitude for each in stream],
        "gender": [each.gender for each in stream],
        "born": [each.date_of_birth for each in stream],
        "people": [each.city_population for each in stream],
        "mode": [each.entry_mode for each in stream],
        "said": list(said),
    }
