{# The order of the writes of one transaction id, as txn_core.positions.WriteOrder has it. Sequence numbers have up to 56
   digits, which no number type of the engines holds: length first, then text. #}
{% macro write_order() -%}
  accepted_at, {{ bytewise('shard_id') }}, length({{ without_leading_zeros('sequence_number') }}),
  {{ bytewise(without_leading_zeros('sequence_number')) }}, sub_sequence_number
{%- endmacro %}

{% macro month_of(moment) -%}cast(date_trunc('month', {{ moment }}) as date){%- endmacro %}

{% macro date_key_of(moment) -%}
  cast(
    extract(year from {{ moment }}) * 10000 + extract(month from {{ moment }}) * 100 + extract(day from {{ moment }})
    as integer
  )
{%- endmacro %}

{% macro age_band(age) -%}
  case
    when {{ age }} is null then 'unknown'
    when {{ age }} < 18 then 'under 18'
    when {{ age }} < 25 then '18-24'
    when {{ age }} < 35 then '25-34'
    when {{ age }} < 45 then '35-44'
    when {{ age }} < 55 then '45-54'
    when {{ age }} < 65 then '55-64'
    else '65 and over'
  end
{%- endmacro %}

{% macro urbanicity(population) -%}
  case
    when {{ population }} is null then 'unknown'
    when {{ population }} < 2500 then 'rural'
    when {{ population }} < 50000 then 'town'
    when {{ population }} < 500000 then 'city'
    else 'metropolis'
  end
{%- endmacro %}

{# A group of jobs, so large that a job alone tells nobody apart; the first word that the job's text contains decides. #}
{% macro job_group(job) -%}
  case
    when {{ job }} is null then 'unknown'
    {% for group, words in [
      ('health', ['nurse', 'doctor', 'therap', 'psych', 'surg', 'medic', 'health', 'dent', 'pharm', 'radio', 'optometr',
                  'physician', 'veterin', 'midwife', 'paramedic', 'clinical', 'osteopath', 'podiatr', 'orthopt', 'optician']),
      ('education', ['teach', 'lectur', 'educat', 'tutor', 'librarian', 'school', 'academic', 'museum', 'careers']),
      ('engineering', ['engineer', 'architect', 'surveyor', 'technician', 'technolog', 'electron', 'naval', 'quantity']),
      ('computing', ['software', 'systems', 'database', 'programmer', 'web', 'applications', 'information', 'network', 'games']),
      ('science', ['scien', 'chem', 'biolog', 'physic', 'geolog', 'geophys', 'ecolog', 'zoolog', 'research', 'botan', 'hydro',
                   'astro', 'meteorol', 'statistic', 'toxicolog', 'genetic', 'immunolog', 'oceanograph', 'animal', 'ranger']),
      ('law and public service', ['law', 'legal', 'solicitor', 'barrister', 'police', 'officer', 'civil', 'probation', 'prison',
                                  'armed', 'fire', 'diplomatic', 'politic', 'government', 'immigration', 'social', 'charity']),
      ('business and finance', ['account', 'bank', 'financ', 'insur', 'manager', 'market', 'sales', 'retail', 'buyer', 'audit',
                                'actuar', 'econom', 'tax', 'advis', 'executive', 'consult', 'admin', 'secretary', 'trad',
                                'human', 'purchas', 'invest', 'analyst', 'logistic', 'commercial', 'estate', 'broker']),
      ('arts and media', ['art', 'music', 'film', 'design', 'journal', 'editor', 'writer', 'media', 'actor', 'photograph',
                          'producer', 'television', 'theatre', 'dance', 'public', 'press', 'copy', 'curator', 'publish', 'craft']),
      ('services and trades', ['hotel', 'travel', 'tour', 'catering', 'chef', 'pilot', 'air', 'driver', 'farm', 'sport', 'leisure',
                               'event', 'beauty', 'fitness', 'warehouse', 'landscape', 'horticult', 'forest', 'builder']),
    ] -%}
    when {% for word in words %}lower({{ job }}) like '%{{ word }}%'{{ ' or ' if not loop.last }}{% endfor %} then '{{ group }}'
    {% endfor -%}
    else 'other'
  end
{%- endmacro %}

{# Card ids in the order of the versions of their keys: `card_2_...` before `card_10_...`. The id itself stands behind #. #}
{% macro card_order(card_id) -%}
  lpad({{ split_part(card_id, "'_'", 2) }}, 4, '0') || '#' || {{ card_id }}
{%- endmacro %}

{% macro customer_key_of(customer_id, profile_hash) -%}
  {{ md5_hex(customer_id ~ " || '#' || " ~ profile_hash) }}
{%- endmacro %}

{# What a fact takes of its first write. #}
{% macro fact_columns() -%}
  transaction_key, account, transaction_id, type, original_transaction_id, amount_minor, currency, accepted_at, occurred_at,
  category, state, gender, age, meters_from_home, profile_hash, customer_id, merchant_id, card_key, terminal_id, entry_mode,
  is_fraud, identity_load_id
{%- endmacro %}
